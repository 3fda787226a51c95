import { expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

/** Whole numbers and their halves in half precision: sign, exponent, mantissa. */
const half = { 0: 0x0000, 0.5: 0x3800, 1: 0x3c00, '-2': 0xc000, 3: 0x4200, 4: 0x4400 }
const table = [
  [0, 0.5],
  [1, -2],
  [3, 4],
] as const

function picked(b: GraphBuilder, places: Value, axis = 0): Value {
  const bits = table.flat().map((x) => half[`${x}`])
  const stored = b.constant('float16', [3, 2], Uint16Array.from(bits))
  return b.op('Gather', [b.cast(stored, 'float32'), b.cast(places, 'int64')], { axis })
}

test('rows of a table in half precision are picked first', async () => {
  const { ops, ys } = await optimized({ data: Float32Array.of(2, 0), dims: [2] }, picked)
  expect(ops).toEqual(['Cast', 'Gather', 'Cast'])
  expect(ys).toEqual([3, 4, 0, 0.5])
})

test('columns too, as many as a run says', async () => {
  const { ops, ys } = await optimized({ data: Float32Array.of(1, 1), dims: [2] }, (b, x) => picked(b, x, 1), [null])
  expect(ops).toEqual(['Cast', 'Gather', 'Cast'])
  expect(ys).toEqual([0.5, 0.5, -2, -2, 4, 4])
})

test('a table that is smaller than what is picked of it is converted once', async () => {
  const { ops, ys } = await optimized({ data: Float32Array.of(2, 1, 1, 0), dims: [4] }, picked)
  expect(ops).toEqual(['Cast', 'Cast', 'Gather'])
  expect(ys).toEqual([3, 4, 1, -2, 1, -2, 0, 0.5])
})
