import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test('a loaded model does not keep its operations in memory', () => {
  const model = path('../../../models/decoder/decoder.mlpackage')
  const grown = Number(execFileSync(process.execPath, ['--expose-gc', path('loaded-models.mjs'), model, '8'], { encoding: 'utf8' }))
  expect(grown).toBeGreaterThan(0)
  // Its 332 operations, constants among them, take 1 MB.
  expect(grown).toBeLessThan(300e3)
})
