import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('./constant-in-memory.mjs', import.meta.url))

test('of constants in memory, as decompressed weights are, only what onnxruntime made of them is left when a model is loaded', () => {
  const rows = 16 << 10
  const bytes = rows * 1024 * 4
  const { grown, y } = JSON.parse(execFileSync(process.execPath, [script, String(rows)], { encoding: 'utf8' }))
  expect(y).toBe(rows / 2)
  expect(grown).toBeGreaterThan(0.9 * bytes)
  expect(grown).toBeLessThan(1.5 * bytes)
})
