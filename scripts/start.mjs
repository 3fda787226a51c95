// npm start: sets everything up and compares the sample models on every compute unit of this machine.
// npm start -- --heavy adds the heavy net that a Mac gets, elsewhere too.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeHeavyModel } from './heavy-model.mjs'
import { build, buildAddon, installDependencies, root, say } from './setup.mjs'

installDependencies()
build()
buildAddon()

const { models } = JSON.parse(readFileSync(join(root, 'models', 'index.json'), 'utf8'))
const paths = models.map(({ path }) => join('models', path)).filter((path) => existsSync(join(root, path)))
const args = process.argv.slice(2).filter((arg) => arg !== '--heavy')
// Small nets never show the Neural Engine: on a Mac a heavy one comes last.
if (process.platform === 'darwin' || process.argv.includes('--heavy')) paths.push(await makeHeavyModel())
say(`coreml-bridge compare models/… (${paths.length} models)`)
const { status, signal } = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'compare', ...paths, ...args], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
