// Builds the addon on a Mac: node-gyp over binding.gyp, with the running Node's own headers where its installation has them.
//
//   node scripts/build-native.mjs              build/Release/coreml.node, for this machine
//   node scripts/build-native.mjs --prebuild   prebuilds/darwin-arm64 and prebuilds/darwin-x64, for a release
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { resolve } = createRequire(import.meta.url)

if (process.platform !== 'darwin') {
  console.error(`Core ML exists on macOS only; this is ${process.platform}. The tests use a stand-in: node scripts/build-standin.mjs`)
  process.exit(2)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

if (process.argv.includes('--prebuild')) {
  for (const arch of ['arm64', 'x64']) {
    // One Node-API binary serves every Node from 20.19 on.
    run(process.execPath, [resolve('prebuildify/bin.js'), '--napi', '--strip', '--arch', arch, '-t', '20.19.0'])
    // Apple's linker signs arm64 only, and stripping changes what was signed.
    const folder = join(root, 'prebuilds', `darwin-${arch}`)
    for (const name of readdirSync(folder)) run('codesign', ['--force', '--sign', '-', join(folder, name)])
  }
} else {
  const prefix = dirname(dirname(process.execPath))
  const nodedir = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : []
  run(process.execPath, [resolve('node-gyp/bin/node-gyp.js'), 'rebuild', ...nodedir])
}
