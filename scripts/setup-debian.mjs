// Debian packages for the native tests (clang, GNUstep) and the report's (Chromium): installed where that needs no asking, otherwise named.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { administrator } from './administrator.mjs'
import { fetchedBindings, findCargo } from './apple-names/fetch.mjs'
import { browserPath } from './browser-path.mjs'
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

/** @returns undefined, or the last line of what went wrong */
function install(names, prefix) {
  // sudo passes no environment on.
  const [command, ...before] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  const apt = (...args) => spawnSync(command, [...before, ...args], { encoding: 'utf8', timeout: 600_000 })
  const attempt = () => apt('install', '-y', '--no-install-recommends', ...names)
  let result = attempt()
  if (result.status !== 0) {
    apt('update')
    result = attempt()
  }
  return result.status === 0 ? undefined : ((result.stderr ?? '').trim().split('\n').at(-1) ?? 'apt-get failed')
}

/** Package groups that this machine lacks, each with what is not tested without it. A group is installed by the first of its alternatives that works. */
function lackingGroups() {
  const groups = []
  const native = debianPackages.filter((name) => !isInstalled(name))
  if (native.length > 0) groups.push({ alternatives: [native], without: 'the native tests are skipped' })
  // Only where Apple's names are still to be fetched. Debian 12's package "cargo" is too old for today's registry; "cargo-web" follows the browsers.
  if (!fetchedBindings() && !findCargo())
    groups.push({ alternatives: [['cargo-web'], ['cargo']], without: "Apple's names are not checked" })
  if (browserPath === undefined) groups.push({ alternatives: [['chromium']], without: "the report's browser tests are skipped" })
  return groups
}

/**
 * Installs what the tests need and this machine lacks. Only on Debian or Ubuntu, for root and those whose sudo asks for no password, and only unless
 * COREML_BRIDGE_NO_INSTALL=1; everybody else is told the command. The tests that need the packages are skipped where they are missing; with
 * COREML_BRIDGE_REQUIRE_STANDIN=1 they fail instead.
 */
export function installDebianPackages() {
  if (process.platform !== 'linux') return
  if (!isDebian()) {
    say(
      `some tests need the equivalents of these Debian packages, and tests are skipped where they are missing: ${debianPackages.join(' ')} chromium`,
    )
    return
  }
  const groups = lackingGroups()
  if (groups.length === 0) return
  const names = groups.flatMap(({ alternatives }) => alternatives[0]).join(' ')
  const prefix = process.env.COREML_BRIDGE_NO_INSTALL === '1' ? undefined : administrator()
  if (!prefix) {
    const sudo = process.getuid?.() === 0 ? '' : 'sudo '
    const lost = groups.map(({ without }) => without).join(', ')
    say(`this machine lacks ${names}, so ${lost} (install: ${sudo}apt-get install -y --no-install-recommends ${names})`)
    return
  }
  say(`installing Debian packages for the tests: ${names} (COREML_BRIDGE_NO_INSTALL=1 turns this off)`)
  for (const { alternatives, without } of groups) {
    let problem
    for (const packages of alternatives) {
      problem = install(packages, prefix)
      if (!problem) break
    }
    if (problem) say(`that failed, so ${without}: ${problem}`)
  }
}
