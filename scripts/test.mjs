// npm test: sets everything up and runs the tests. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { fetchBindings } from './apple-names/fetch.mjs'
import { fetchTypes } from './apple-names/types-ios.mjs'
import { build, buildAddon, installDependencies, root, say } from './setup.mjs'
import { installDebianPackages } from './setup-debian.mjs'
import { vitestScript } from './vitest-script.mjs'

installDependencies()
build()
buildAddon()
installDebianPackages()
for (const [what, problem] of [
  ["Apple's names", fetchBindings()],
  ["the versions of Apple's names", fetchTypes()],
])
  if (problem) say(`${what} are not checked: ${problem}`)

const { status, signal } = spawnSync(process.execPath, [vitestScript(), 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
})
process.exit(status ?? (signal ? 1 : 0))
