// Builds the addon against the stand-in for Core ML with AddressSanitizer and UndefinedBehaviorSanitizer, and runs its specs with them inside Node.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sanitizedEnvironment } from '../../scripts/sanitized.mjs'
import { vitestScript } from '../../scripts/vitest-script.mjs'
import { buildStandin, buildTimeout, lacking, skipNote } from './standin-build.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const variants = [
  { variant: 'asan', name: 'the addon', specs: [], fewest: 80 },
  // Without thread-safe functions and energy counters: what has nothing to do with either.
  {
    variant: 'react-native',
    name: 'the addon of iOS',
    specs: [
      'cache.spec',
      'compile.spec',
      'load.spec',
      'exports.spec',
      'binding.spec',
      'predict.spec',
      'life.spec',
      'inner.spec',
      'react-native.spec',
    ],
    fewest: 80,
  },
] as const

describe.skipIf(lacking !== undefined).each(variants)(
  `$name on the stand-in, under ASan and UBSan${skipNote}`,
  ({ variant, specs, fewest }) => {
    const folder = mkdtempSync(join(tmpdir(), 'coreml-sanitized-'))
    const report = join(folder, 'report.json')
    let output = ''
    let status: number | null = null

    beforeAll(() => {
      const addon = buildStandin(variant)
      const run = spawnSync(
        process.execPath,
        [
          vitestScript(),
          'run',
          ...specs,
          '--config',
          'vitest.standin.config.ts',
          '--reporter=json',
          `--outputFile=${report}`,
          '--reporter=default',
        ],
        {
          cwd: root,
          encoding: 'utf8',
          env: {
            ...sanitizedEnvironment('asan', addon, folder),
            // Node itself leaks at its end; the specs count our objects instead.
            ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
            UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
            NO_COLOR: '1',
          },
        },
      )
      status = run.status
      output = run.stdout + run.stderr
    }, buildTimeout)

    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    it('every spec passes', () => {
      expect(status, output.slice(-8000)).toBe(0)
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
      expect(numFailedTests).toBe(0)
      expect(numPassedTests).toBeGreaterThan(fewest)
    })

    it('the sanitizers say nothing', () => {
      expect(output).not.toMatch(/AddressSanitizer|runtime error:|UndefinedBehaviorSanitizer/)
    })
  },
)
