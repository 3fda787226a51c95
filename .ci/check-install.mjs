// Installs the packed package into an empty project, with npm install and with npm ci, and uses it there:
//   node check-install.mjs TARBALL FOLDER
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [tarball, folder] = process.argv.slice(2)
const windows = process.platform === 'win32'

function npm(...args) {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: 'inherit', shell: windows })
}

function node(...args) {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
}

function check(what, holds, details = '') {
  if (!holds) {
    console.error(`FAILED: ${what}\n${details}`)
    process.exit(1)
  }
  console.log(`ok: ${what}`)
}

/** npm's own record of what it installed says which packages have scripts that run on install. */
function checkNoScript(how) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'))
  const withScript = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript)
  check(`${how}: no package has an install script`, withScript.length === 0, withScript.map(([path]) => path).join('\n'))
  const installed = join(folder, 'node_modules', 'coreml-bridge')
  const { scripts = {} } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const ours = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => name in scripts)
  check(`${how}: coreml-bridge has none either`, ours.length === 0 && !existsSync(join(installed, 'binding.gyp')), ours.join())
}

function checkUse(how) {
  const names = "['Model', 'compare', 'inspect', 'devices', 'CoreMLError'].every((name) => typeof api[name] === 'function')"
  const esm = node('--input-type=module', '-e', `import * as api from 'coreml-bridge'; process.exit(${names} ? 0 : 1)`)
  check(`${how}: import`, esm.status === 0, esm.stderr)
  const cjs = node('--input-type=commonjs', '-e', `const api = require('coreml-bridge'); process.exit(${names} ? 0 : 1)`)
  check(`${how}: require`, cjs.status === 0, cjs.stderr)

  const main = join('node_modules', 'coreml-bridge', 'dist', 'cli', 'main.js')
  const model = join('node_modules', 'coreml-bridge', 'models', 'digits-cnn', 'digits-cnn.mlpackage')
  const bin = join(folder, 'node_modules', '.bin', windows ? 'coreml-bridge.cmd' : 'coreml-bridge')
  const version = spawnSync(bin, ['--version'], { encoding: 'utf8', shell: windows })
  check(`${how}: the command`, version.status === 0 && /^\d+\.\d+\.\d+/.test(version.stdout), version.stderr)
  const inspect = node(main, 'inspect', model, '--json')
  check(`${how}: inspect`, inspect.status === 0 && JSON.parse(inspect.stdout).model.type === 'mlProgram', inspect.stderr)
  if (node('-e', "require.resolve('onnxruntime-node')").status === 0) {
    console.log(`SKIPPED: ${how}: a missing onnxruntime-node (a folder above ${folder} has it)`)
    return
  }
  // The optional peer is not there: a clear error with its own status.
  const predict = node(main, 'predict', model, '--backend', 'portable', '--json')
  check(
    `${how}: a missing onnxruntime-node`,
    predict.status === 3 && JSON.parse(predict.stdout).error.code === 'ERR_ONNXRUNTIME_MISSING',
    predict.stdout,
  )
}

mkdirSync(folder, { recursive: true })
copyFileSync(tarball, join(folder, 'coreml-bridge.tgz'))
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({ name: 'empty', version: '1.0.0', private: true, dependencies: { 'coreml-bridge': 'file:coreml-bridge.tgz' } }),
)
npm('install')
checkNoScript('npm install')
checkUse('npm install')
rmSync(join(folder, 'node_modules'), { recursive: true })
npm('ci')
checkNoScript('npm ci')
checkUse('npm ci')
