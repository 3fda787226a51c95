// Debian packages for the native tests (clang, GNUstep): installed where that needs no asking, otherwise named.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
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
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0 || process.env.COREML_BRIDGE_NO_INSTALL === '1') {
    say(`native tests are skipped: this machine lacks ${missing.join(' ')} (install: ${process.getuid?.() === 0 ? '' : 'sudo '}${command})`)
    return
  }
  say(`installing Debian packages for the native tests: ${missing.join(' ')} (COREML_BRIDGE_NO_INSTALL=1 turns this off)`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => spawnSync('apt-get', args, { env, encoding: 'utf8', timeout: 600_000 })
  let result = apt('install', '-y', '--no-install-recommends', ...missing)
  if (result.status !== 0) {
    apt('update')
    result = apt('install', '-y', '--no-install-recommends', ...missing)
  }
  if (result.status !== 0) say(`that failed, so the native tests are skipped: ${(result.stderr ?? '').trim().split('\n').at(-1)}`)
}
