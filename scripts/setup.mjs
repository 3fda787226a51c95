// What `npm start` and `npm test` need before they begin: dependencies, the build, on a Mac the addon. What is done already is skipped.
// Plain Node: nothing is installed yet when this runs.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Tells a step in one line. */
export function say(text) {
  process.stderr.write(`[coreml-bridge] ${text}\n`)
}

/** Runs a command in the project's folder; the process ends with its status if it fails. */
export function run(command, args, { env = {}, quiet = false } = {}) {
  const shell = process.platform === 'win32' && command === 'npm'
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    shell,
  })
  if (result.status === 0) return
  if (quiet) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`)
  say(`"${command} ${args.join(' ')}" failed${result.error ? `: ${result.error.message}` : ''}`)
  process.exit(result.status || 1)
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

/** The time of the newest file below some folders or files. */
function newest(paths) {
  let latest = 0
  for (const path of paths.filter(existsSync)) {
    if (!statSync(path).isDirectory()) {
      latest = Math.max(latest, modified(path))
      continue
    }
    for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) latest = Math.max(latest, modified(join(entry.parentPath ?? entry.path, entry.name)))
    }
  }
  return latest
}

/** True if node_modules holds what package-lock.json asks for, as far as npm's own record tells. */
function dependenciesAreCurrent() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  if (modified(record) >= modified(join(root, 'package-lock.json'))) return true
  // A fresh checkout touches the lock file without changing it: compare what they say.
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version)
}

/** Installs the dependencies. No install script runs: onnxruntime-node's would download gigabytes, no other package needs one. */
export function installDependencies() {
  if (dependenciesAreCurrent()) return
  say('installing dependencies (npm ci)')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { env: { ONNXRUNTIME_NODE_INSTALL: 'skip' } })
}

/** Compiles the TypeScript sources if they are newer than what was compiled last. */
export function build() {
  const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'].map((name) => join(root, name))
  // The compiler writes every file each time, and none if there are errors.
  if (modified(join(root, 'dist', 'index.js')) >= newest(sources)) return
  say('building')
  run(process.execPath, [join(root, 'scripts', 'build.mjs')])
}

/** On a Mac, builds the addon if its sources are newer than the binary. */
export function buildAddon() {
  if (process.platform !== 'darwin' || !existsSync(join(root, 'binding.gyp'))) return
  const built = newest([join(root, 'build', 'Release'), join(root, 'prebuilds')])
  if (built > 0 && built >= newest(['native', 'binding.gyp'].map((name) => join(root, name)))) return
  if (spawnSync('xcode-select', ['-p'], { stdio: 'ignore' }).status !== 0) {
    say('Apple’s command line tools are missing, so the Core ML addon cannot be built: run "xcode-select --install" and start again')
    process.exit(1)
  }
  say('building the Core ML addon')
  run('npm', ['run', 'build:native'])
}
