// Debian packages for the native tests (clang, GNUstep): installed where that needs no asking, otherwise named.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fetchedBindings, findCargo } from './apple-names/fetch.mjs'
import { debianPackages } from './debian-packages.mjs'
import { say } from './setup.mjs'

function isInstalled(name) {
  const { status, stdout } = spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' })
  return status === 0 && stdout.includes('install ok installed')
}

/** True on Debian, Ubuntu and what is made from them. */
function isDebian() {
  return process.platform === 'linux' && existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-query')
}

const apt = (...args) =>
  spawnSync('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8', timeout: 600_000 })

/** @returns undefined, or the last line of what went wrong */
function install(names) {
  const attempt = () => apt('install', '-y', '--no-install-recommends', ...names)
  let result = attempt()
  if (result.status !== 0) {
    apt('update')
    result = attempt()
  }
  return result.status === 0 ? undefined : ((result.stderr ?? '').trim().split('\n').at(-1) ?? 'apt-get failed')
}

/**
 * Installs what the native tests need and this machine lacks. Only root on Debian or Ubuntu installs, and only unless COREML_BRIDGE_NO_INSTALL=1;
 * everybody else is told the command. The tests that need the packages are skipped where they are missing.
 */
export function installDebianPackages() {
  if (process.platform !== 'linux') return
  if (!isDebian()) {
    say(`native tests need the equivalents of these Debian packages, and are skipped where they are missing: ${debianPackages.join(' ')}`)
    return
  }
  const missing = debianPackages.filter((name) => !isInstalled(name))
  // Only where Apple's names are still to be fetched. Debian 12's package "cargo" is too old for today's registry; "cargo-web" follows the browsers.
  const cargoMissing = !fetchedBindings() && !findCargo()
  if (missing.length === 0 && !cargoMissing) return
  const lacking = [...missing, ...(cargoMissing ? ['cargo-web'] : [])].join(' ')
  if (process.getuid?.() !== 0 || process.env.COREML_BRIDGE_NO_INSTALL === '1') {
    const sudo = process.getuid?.() === 0 ? '' : 'sudo '
    say(`native tests are skipped: this machine lacks ${lacking} (install: ${sudo}apt-get install -y --no-install-recommends ${lacking})`)
    return
  }
  say(`installing Debian packages for the native tests: ${lacking} (COREML_BRIDGE_NO_INSTALL=1 turns this off)`)
  const problem = missing.length > 0 ? install(missing) : undefined
  if (problem) say(`that failed, so the native tests are skipped: ${problem}`)
  if (!cargoMissing) return
  const without = install(['cargo-web']) && install(['cargo'])
  if (without) say(`no cargo could be installed, so Apple's names are not checked: ${without}`)
}
