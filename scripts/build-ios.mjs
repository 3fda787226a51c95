// Builds the addon for iOS on a Mac (experimental): prebuilds/ios/coreml.apple.node, an xcframework for react-native-node-api, with devices and simulators.
//
//   node scripts/build-ios.mjs
//
// Needs Xcode with its iOS SDK and CMake 3.28 or newer. cmake-rn is fetched by npx: it is no dependency, as nothing but this script uses it.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = join(root, 'prebuilds', 'ios')
const framework = join(out, 'coreml.apple.node')

function fail(message, status = 1) {
  console.error(message)
  process.exit(status)
}

if (process.platform !== 'darwin') fail(`iOS frameworks are built by Xcode on macOS only; this is ${process.platform}`, 2)

rmSync(framework, { recursive: true, force: true })
const { status, error } = spawnSync(
  'npx',
  [
    '--yes',
    'cmake-rn@0.7',
    ...['--source', 'native', '--build', 'build-ios', '--out', out, '--strip'],
    ...['--apple-bundle-identifier', 'dev.coreml-bridge.addon'],
    ...['--triplet', 'arm64-apple-ios', 'arm64;x86_64-apple-ios-sim'],
  ],
  { cwd: root, stdio: 'inherit' },
)
if (status !== 0) fail(error?.message ?? 'cmake-rn failed')

// What react-native-node-api looks for, and what the App Store and the loader do.
if (!existsSync(framework)) fail(`cmake-rn made no ${framework}`)
if (!existsSync(join(framework, 'react-native-node-api-module'))) fail('the xcframework has no marker for react-native-node-api')
const slices = readdirSync(framework, { withFileTypes: true }).filter((entry) => entry.isDirectory())
for (const wanted of ['ios-arm64', 'ios-arm64_x86_64-simulator']) {
  const folder = join(framework, wanted, 'coreml.framework')
  if (!slices.some(({ name }) => name === wanted)) fail(`the xcframework has no slice ${wanted}, but ${slices.map(({ name }) => name)}`)
  if (!existsSync(join(folder, 'Info.plist'))) fail(`${folder} has no Info.plist`)
  const symbols = spawnSync('nm', ['-gU', join(folder, 'coreml')], { encoding: 'utf8' }).stdout
  if (!symbols.includes('_napi_register_module_v1')) fail(`${folder} exports no napi_register_module_v1`)
}
console.log(`${framework}: ${slices.map(({ name }) => name).join(', ')}`)
