import { expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const dims = [1, 2, 64, 64]
const count = 2 * 64 * 64
const xs = Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 3 - 15)

test.each([1, -3])('a softmax over axis %i, of masked values too', async (axis) => {
  const data = xs.slice()
  // Of 64·64 places all, or one, are masked.
  data[5] = Number.NEGATIVE_INFINITY
  data[6] = Number.NEGATIVE_INFINITY
  data[6 + count / 2] = Number.NEGATIVE_INFINITY
  const { ops, ys } = await optimized({ dims, data }, (b, x) => b.op('Softmax', [x], { axis }))
  expect(ops).toEqual(['Reshape', 'Transpose', 'Softmax', 'Transpose', 'Reshape'])
  for (let at = 0; at < count / 2; at++) {
    const [a, b] = [data[at]!, data[at + count / 2]!]
    const first = 1 / (1 + Math.exp(b - a))
    if (Number.isNaN(first)) expect([ys[at], ys[at + count / 2]]).toEqual([Number.NaN, Number.NaN])
    else if (Math.abs(ys[at]! - first) > 2e-7 || Math.abs(ys[at + count / 2]! - (1 - first)) > 2e-7)
      expect.fail(`${a}, ${b} gave ${ys[at]}`)
  }
})

test.each<[string, readonly (number | null)[]]>([
  ['batch', [null, 2, 64, 64]],
  ['axis', [1, null, 64, 64]],
])('a softmax of an open %s', async (_, declared) => {
  const { ops, ys } = await optimized({ dims, data: xs }, (b, x) => b.op('Softmax', [x], { axis: 1 }), declared)
  expect(ops).toContain('Transpose')
  const expected = Array.from(xs, (x, at) => 1 / (1 + Math.exp(xs[(at + count / 2) % count]! - x)))
  expect(Math.max(...ys.map((y, at) => Math.abs(y - expected[at]!)))).toBeLessThan(2e-7)
})

test.each<[string, (b: GraphBuilder, x: Value) => Value]>([
  ['over the last axis', (b, x) => b.op('Softmax', [x], { axis: -1 })],
  ['with few elements behind its axis', (b, x) => b.op('Softmax', [b.reshape(x, [128, 4, 16])], { axis: 1 })],
])('a softmax %s stays', async (_, build) => {
  expect((await optimized({ dims, data: xs }, build)).ops).not.toContain('Transpose')
})

test('a softmax of two open dimensions stays, and of few elements', async () => {
  const softmax = (b: GraphBuilder, x: Value) => b.op('Softmax', [x], { axis: 1 })
  const wide = { dims: [1, 2, 1, 6000], data: new Float32Array(12000) }
  expect((await optimized(wide, softmax, [null, 2, null, 6000])).ops).toEqual(['Softmax'])
  expect((await optimized({ dims: [1, 2, 64], data: xs.slice(0, 128) }, softmax)).ops).toEqual(['Softmax'])
})
