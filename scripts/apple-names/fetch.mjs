// Fetches the bindings (crates objc2-* and libc) as packages, once, into a cache folder. Run by `npm test` where cargo is installed.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../python.mjs'

const manifest = fileURLToPath(new URL('./Cargo.toml', import.meta.url))
const folder = join(cacheFolder, 'apple-names')

/** The folder of the fetched crates, or undefined where they were never fetched. */
export function fetchedBindings() {
  const stamp = join(folder, 'fetched.toml')
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(manifest, 'utf8') ? join(folder, 'vendor') : undefined
}

/**
 * A cargo that runs, as [command, environment]. The first one on the PATH may be rustup's shim without a toolchain: one that was installed for another
 * home folder has its toolchains beside it, and Debian's own may stand behind it.
 */
export function findCargo() {
  const shims = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'cargo'))
  const beside = shims.filter(existsSync).map((shim) => ['cargo', { RUSTUP_HOME: join(dirname(dirname(dirname(shim))), '.rustup') }])
  const candidates = [['cargo', {}], ...beside, ['/usr/bin/cargo', {}]]
  return candidates.find(([command, env]) => spawnSync(command, ['--version'], { env: { ...process.env, ...env } }).status === 0)
}

/** Fetches the crates unless they are there. @returns why not, where it did not work */
export function fetchBindings() {
  if (fetchedBindings()) return undefined
  if (process.env.COREML_BRIDGE_NO_INSTALL === '1') return 'COREML_BRIDGE_NO_INSTALL=1 is set'
  const cargo = findCargo()
  if (!cargo) return 'no cargo runs here: on Debian, apt-get install cargo-web'
  const [command, env] = cargo
  mkdirSync(folder, { recursive: true })
  copyFileSync(manifest, join(folder, 'Cargo.toml'))
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } }
  const { status, stderr } = spawnSync(command, ['vendor', '--quiet', 'vendor'], options)
  if (status !== 0) return `cargo vendor failed: ${stderr.trim().split('\n').at(-1)}`
  writeFileSync(join(folder, 'fetched.toml'), readFileSync(manifest, 'utf8'))
  return undefined
}
