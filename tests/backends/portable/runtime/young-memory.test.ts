import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('./results-in-a-loop.mjs', import.meta.url))

test('results that were dropped do not pile up', () => {
  // Young objects have 2 MiB, which those of V8 itself fill after hundreds of predictions.
  const flags = ['--min-semi-space-size=2', '--max-semi-space-size=2']
  const resultBytes = 64 << 10
  const most = Number(execFileSync(process.execPath, [...flags, script, String(resultBytes / 4), '300'], { encoding: 'utf8' }))
  expect(most).toBeGreaterThanOrEqual(resultBytes)
  expect(most).toBeLessThan(100 * resultBytes)
})
