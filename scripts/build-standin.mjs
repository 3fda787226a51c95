// Builds the addon against the stand-in for Core ML (Linux, clang and GNUstep), for tests:
//
//   node scripts/build-standin.mjs [none|asan|tsan|react-native]…      default: none
//
// Each goes into build-standin/<variant>/coreml.node. react-native is what iOS gets (no thread-safe functions, no energy counters), with asan. Needs no downloads.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { debianPackages } from './debian-packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const missing = [
  ['cmake', () => run('cmake', ['--version'], true)],
  ['ninja', () => run('ninja', ['--version'], true)],
  ['clang++-19', () => run('clang++-19', ['--version'], true)],
  ['ld.lld-19', () => run('ld.lld-19', ['--version'], true)],
  ['GNUstep', () => existsSync('/usr/include/GNUstep/Foundation/Foundation.h')],
  ['BlocksRuntime', () => existsSync('/usr/include/Block.h')],
].filter(([, there]) => !there())
if (missing.length > 0) {
  console.error(
    `The stand-in build lacks ${missing.map(([name]) => name).join(', ')}. On Debian: apt-get install ${debianPackages.join(' ')}`,
  )
  process.exit(1)
}

const variants = {
  none: ['-DCOREML_SANITIZER=none'],
  asan: ['-DCOREML_SANITIZER=asan'],
  tsan: ['-DCOREML_SANITIZER=tsan'],
  'react-native': ['-DCOREML_SANITIZER=asan', '-DCOREML_POWER=OFF', '-DCOREML_THREADSAFE_FUNCTIONS=OFF'],
}
for (const name of process.argv.length > 2 ? process.argv.slice(2) : ['none']) {
  const options = Object.hasOwn(variants, name) ? variants[name] : undefined
  if (!options) {
    console.error(`unknown variant ${name}: expected ${Object.keys(variants).join(', ')}`)
    process.exit(2)
  }
  const build = join(root, 'build-standin', name)
  const configured = run('cmake', [
    ...['-S', join(root, 'native'), '-B', build, '-G', 'Ninja'],
    ...['-DCMAKE_CXX_COMPILER=clang++-19', '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DCOREML_STANDIN=ON', ...options],
  ])
  if (!configured || !run('cmake', ['--build', build, '--parallel', String(availableParallelism())])) process.exit(1)
}

function run(command, args, quiet = false) {
  return spawnSync(command, args, { stdio: quiet ? 'ignore' : ['ignore', process.stderr, 'inherit'] }).status === 0
}
