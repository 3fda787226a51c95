// npm start: sets everything up and compares the sample models on every compute unit of this machine.
// npm start -- --heavy adds the heavy net that a Mac gets, elsewhere too; other options go to coreml-bridge compare.
// Each unit predicts for 0.3 s only, so that all is shown in seconds; npm start -- --duration 5s measures with more care.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, buildAddon, installDependencies, root, say } from './setup.mjs'

installDependencies()
build()
buildAddon()

/** Makes one of the heavy models, unless it is there from another time. */
async function heavyModel() {
  const { families } = await import('../dist/measure/heavy/families.js')
  const { heavyFolder, makeModel } = await import('../dist/measure/heavy/heavy-models.js')
  const family = families.find(({ name }) => name === 'heavy-cnn')
  const path = join(heavyFolder(), `${family.name}.mlpackage`)
  if (existsSync(path)) return path
  say(`making ${family.name}`)
  mkdirSync(heavyFolder(), { recursive: true })
  await makeModel(family, 'heavy', path)
  return path
}

const { models } = JSON.parse(readFileSync(join(root, 'models', 'index.json'), 'utf8'))
const paths = models.map(({ path }) => join('models', path))
// Small nets never show the Neural Engine: on a Mac a heavy one comes last.
if (process.platform === 'darwin' || process.argv.includes('--heavy')) paths.push(await heavyModel())

const args = process.argv.slice(2).filter((arg) => arg !== '--heavy')
const chosen = args.some((arg) => /^--(duration|iterations)\b/.test(arg))
if (!chosen) args.push('--duration', '300ms')
const hint = chosen ? '' : ', 0.3 s of timed predictions each: npm start -- --duration 5s measures with more care'
say(`coreml-bridge compare models/… (${paths.length} models${hint})`)
const { status, signal } = spawnSync(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'compare', ...paths, ...args], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
