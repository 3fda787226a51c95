import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type * as Ort from 'onnxruntime-common'
import { expect, test } from 'vitest'
import { Sessions } from '../../../../src/backends/portable/runtime/sessions.ts'

const script = fileURLToPath(new URL('./constant-in-memory.mjs', import.meta.url))

test('of constants in memory, as decompressed weights are, only what onnxruntime made of them is left when a model is loaded', () => {
  const rows = 16 << 10
  const bytes = rows * 1024 * 4
  const { grown, y } = JSON.parse(execFileSync(process.execPath, [script, String(rows)], { encoding: 'utf8' }))
  expect(y).toBe(rows / 2)
  expect(grown).toBeGreaterThan(0.9 * bytes)
  expect(grown).toBeLessThan(1.5 * bytes)
})

test('a session has no more threads than the machine has cores, however many are asked for', async () => {
  const asked: unknown[] = []
  const create = async (_model: Uint8Array, options: Ort.InferenceSession.SessionOptions) => asked.push(options.intraOpNumThreads)
  const sessions = new Sessions(async () => ({ env: { versions: {} }, InferenceSession: { create } }) as unknown as typeof Ort)
  const ports = { inputs: [], parts: [], outputs: [], states: [] }
  for (const threads of [undefined, 1, 1_000_000])
    await sessions.handle({ kind: 'createSession', model: new Uint8Array(), externalData: [], ports, threads })
  expect(asked).toEqual([undefined, 1, availableParallelism()])
})
