// Builds the addon on a Mac: node-gyp over binding.gyp, with the running Node's own headers where its installation has them.
//
//   node scripts/build-native.mjs              build/Release/coreml.node, for this machine
//   node scripts/build-native.mjs --prebuild   prebuilds/darwin-arm64 and prebuilds/darwin-x64, for a release
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { resolve } = createRequire(import.meta.url)

if (process.platform !== 'darwin') {
  console.error(`Core ML exists on macOS only; this is ${process.platform}. The tests use a stand-in: node scripts/build-standin.mjs`)
  process.exit(2)
}

function run(script, args) {
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

if (process.argv.includes('--prebuild')) {
  // One Node-API binary serves every Node from 20.19 on. Apple's linker writes the ad-hoc signature that arm64 asks for, and stripping keeps it.
  for (const arch of ['arm64', 'x64']) run(resolve('prebuildify/bin.js'), ['--napi', '--strip', '--arch', arch, '-t', '20.19.0'])
} else {
  const prefix = dirname(dirname(process.execPath))
  const nodedir = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : []
  run(resolve('node-gyp/bin/node-gyp.js'), ['rebuild', ...nodedir])
}
