import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

/** Who installs the packages of the native tests: programs of ours stand in for sudo, apt-get and dpkg-query, and write down what they are asked. */

const script = new URL('../../scripts/setup-debian.mjs', import.meta.url).href
const isDebian = process.platform === 'linux' && existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-query')

describe.skipIf(!isDebian)('the Debian packages (skipped elsewhere)', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-setup-'))
    program('dpkg-query', 'exit 1')
    program('apt-get', `echo "$DEBIAN_FRONTEND apt-get $*" >>"${folder}/log"`)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function program(name: string, body: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(folder, name), 0o755)
  }

  /** Runs sudo's command without what the caller's environment says, as sudo does. */
  const sudo = () =>
    program('sudo', `echo "sudo $*" >>"${folder}/log"\nwhile [ "\${1#-}" != "$1" ]; do shift; done\nunset DEBIAN_FRONTEND\nexec "$@"`)

  function setUp(user: number, env: Record<string, string> = {}) {
    const code = `process.getuid = () => ${user}; (await import(${JSON.stringify(script)})).installDebianPackages()`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      env: { ...process.env, COREML_BRIDGE_NO_INSTALL: '', PATH: `${folder}${delimiter}${process.env.PATH}`, ...env },
    })
    expect(status, stderr).toBe(0)
    const log = join(folder, 'log')
    return { said: stderr, asked: existsSync(log) ? readFileSync(log, 'utf8') : '' }
  }

  test('root installs', () => {
    program('sudo', 'exit 1')
    const { asked } = setUp(0)
    expect(asked).toMatch(/^noninteractive apt-get install -y --no-install-recommends .*clang-19/m)
  })

  test('others install by a sudo that asks for no password', () => {
    sudo()
    const { asked } = setUp(1000)
    expect(asked).toMatch(/^sudo -k -n true$/m)
    expect(asked).toMatch(/^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install .*clang-19/m)
    expect(asked).toMatch(/^noninteractive apt-get install .*clang-19/m)
  })

  test('whoever would have to type a password is told the command', () => {
    program('sudo', 'exit 1')
    const { said, asked } = setUp(1000)
    expect(asked).toBe('')
    expect(said).toMatch(/the native tests are skipped.*install: sudo apt-get install .*clang-19/)
  })

  test('COREML_BRIDGE_NO_INSTALL=1: nobody installs, sudo is not even tried', () => {
    sudo()
    expect(setUp(1000, { COREML_BRIDGE_NO_INSTALL: '1' }).asked).toBe('')
  })
})

describe.skipIf(process.platform !== 'linux')('COREML_BRIDGE_REQUIRE_STANDIN=1 (skipped but on Linux)', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.resetModules()
  })

  test.each([
    ['', 'is skipped'],
    ['1', 'fails'],
  ])('%j: a stand-in that cannot be built %s', async (required) => {
    // Nothing is found on an empty PATH.
    vi.stubEnv('PATH', '')
    vi.stubEnv('COREML_BRIDGE_REQUIRE_STANDIN', required)
    vi.resetModules()
    const loaded = import('./standin-build.ts').then(({ lacking }) => lacking)
    if (required) await expect(loaded).rejects.toThrow(/the stand-in cannot be built here: apt-get install .*clang-19/)
    else expect(await loaded).toMatch(/apt-get install .*clang-19/)
  })
})
