// Fetches the bindings (crates objc2-*) as packages, once, into a cache folder. Run by `npm test` where cargo is installed.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../python.mjs'

const manifest = fileURLToPath(new URL('./Cargo.toml', import.meta.url))
const folder = join(cacheFolder, 'apple-names')

/** The folder of the fetched crates, or undefined where they were never fetched. */
export function fetchedBindings() {
  const stamp = join(folder, 'fetched.toml')
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(manifest, 'utf8') ? join(folder, 'vendor') : undefined
}

/** Fetches the crates unless they are there. @returns why not, where it did not work */
export function fetchBindings() {
  if (fetchedBindings()) return undefined
  if (process.env.COREML_BRIDGE_NO_INSTALL === '1') return 'COREML_BRIDGE_NO_INSTALL=1 is set'
  mkdirSync(folder, { recursive: true })
  copyFileSync(manifest, join(folder, 'Cargo.toml'))
  const { status, error, stderr } = spawnSync('cargo', ['vendor', '--quiet', 'vendor'], { cwd: folder, encoding: 'utf8' })
  if (error) return 'cargo is not installed: on Debian, apt-get install cargo'
  if (status !== 0) return `cargo vendor failed: ${stderr.trim().split('\n').at(-1)}`
  writeFileSync(join(folder, 'fetched.toml'), readFileSync(manifest, 'utf8'))
  return undefined
}
