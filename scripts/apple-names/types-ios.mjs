// Fetches the second source of availability versions, the package @nativescript/types-ios: declarations that were generated from Apple's SDK for iOS, with the
// version that each came with. Once, into a cache folder, never into the project. Run by `npm test`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../python.mjs'

const version = '9.1.2'
const folder = join(cacheFolder, `types-ios-${version}`)
const declarations = join(folder, 'node_modules/@nativescript/types-ios/lib/ios/objc-x86_64/objc!CoreML.d.ts')

/** The file with Core ML's declarations, or undefined where it was never fetched. */
export function fetchedTypes() {
  return existsSync(declarations) ? declarations : undefined
}

/** Fetches the package unless it is there. @returns why not, where it did not work */
export function fetchTypes() {
  if (fetchedTypes()) return undefined
  if (process.env.COREML_BRIDGE_NO_INSTALL === '1') return 'COREML_BRIDGE_NO_INSTALL=1 is set'
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const { status, stderr, error } = spawnSync(
    'npm',
    [
      'install',
      '--prefix',
      folder,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `@nativescript/types-ios@${version}`,
    ],
    { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' },
  )
  if (status !== 0) return `npm install failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`
  return fetchedTypes() ? undefined : `@nativescript/types-ios ${version} has no ${declarations}`
}
