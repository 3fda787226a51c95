// npm start: sets everything up and compares the sample models on every compute unit of this machine.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, buildAddon, installDependencies, root, say } from './setup.mjs'

installDependencies()
build()
buildAddon()

const { models } = JSON.parse(readFileSync(join(root, 'models', 'index.json'), 'utf8'))
const paths = models.map(({ path }) => join('models', path)).filter((path) => existsSync(join(root, path)))
const args = process.argv.slice(2)
say(`coreml-bridge compare models/… (${paths.length} models)`)
const { status, signal } = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'compare', ...paths, ...args], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
