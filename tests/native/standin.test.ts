// Builds the addon against the stand-in for Core ML with AddressSanitizer and UndefinedBehaviorSanitizer, and runs its specs with them inside Node.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const packages = 'cmake ninja-build clang-19 lld-19 libclang-rt-19-dev libgnustep-base-dev gobjc++ libblocksruntime-dev'

function missing(): string | undefined {
  if (process.platform !== 'linux') return 'the stand-in is for Linux; on a Mac the tests use Core ML itself'
  const found = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
  const there =
    ['cmake', 'ninja', 'clang++-19', 'ld.lld-19'].every(found) && existsSync('/usr/include/GNUstep') && existsSync('/usr/include/Block.h')
  return there ? undefined : `apt-get install ${packages}`
}

const lacking = missing()

describe.skipIf(lacking !== undefined)(`the addon on the stand-in, under ASan and UBSan${lacking ? ` (skipped: ${lacking})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'coreml-sanitized-'))
  const report = join(folder, 'report.json')
  let output = ''
  let status: number | null = null

  beforeAll(() => {
    const built = spawnSync(process.execPath, [join(root, 'scripts/build-standin.mjs'), 'asan'], { encoding: 'utf8' })
    if (built.status !== 0) throw new Error(`the stand-in build failed:\n${built.stderr.slice(-4000)}`)
    const runtime = spawnSync('clang-19', ['-print-file-name=libclang_rt.asan-x86_64.so'], { encoding: 'utf8' }).stdout.trim()
    const vitest = join(dirname(createRequire(join(root, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs')
    const run = spawnSync(
      process.execPath,
      [vitest, 'run', '--config', 'vitest.standin.config.ts', '--reporter=json', `--outputFile=${report}`, '--reporter=default'],
      {
        cwd: root,
        encoding: 'utf8',
        env: {
          ...process.env,
          COREML_STANDIN_ADDON: join(root, 'build-standin/asan/coreml.node'),
          COREML_BRIDGE_CACHE: join(folder, 'cache'),
          LD_PRELOAD: runtime,
          // Node itself leaks at its end; the specs count our objects instead.
          ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
          UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
          NO_COLOR: '1',
        },
      },
    )
    status = run.status
    output = run.stdout + run.stderr
  }, 1_200_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('every spec passes', () => {
    expect(status, output.slice(-8000)).toBe(0)
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    expect(numFailedTests).toBe(0)
    expect(numPassedTests).toBeGreaterThan(80)
  })

  it('the sanitizers say nothing', () => {
    expect(output).not.toMatch(/AddressSanitizer|runtime error:|UndefinedBehaviorSanitizer/)
  })
})
