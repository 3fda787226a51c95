import { expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

/** [2, 1, 3] */
const input = { dims: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
const tile = (b: GraphBuilder, x: Value, counts: number[]) => b.op('Tile', [x, b.ints(counts)])
const factors = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const full = (b: GraphBuilder) => b.constant('float32', [2, 2, 3], factors)
const repeated = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]

test('single elements are expanded', async () => {
  expect(await optimized(input, (b, x) => tile(b, x, [1, 2, 1]))).toEqual({ ops: ['Expand'], ys: repeated })
})

test.each<[string, number[], number[], (readonly (number | null)[])?]>([
  ['more than single elements', [1, 1, 2], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
  ['nothing', [0, 1, 1], []],
  ['what may be more than a single element', [1, 2, 1], repeated, [2, null, 3]],
])('%s is tiled', async (_, counts, ys, declared) => {
  expect(await optimized(input, (b, x) => tile(b, x, counts), declared)).toEqual({ ops: ['Tile'], ys })
})

test.each<[string, (b: GraphBuilder, x: Value) => Value, (x: number, factor: number) => number]>([
  ['first', (b, x) => b.op('Sub', [tile(b, x, [1, 2, 1]), full(b)]), (x, factor) => x - factor],
  ['second', (b, x) => b.op('Div', [full(b), tile(b, x, [1, 2, 1])]), (x, factor) => factor / x],
])('the operator behind broadcasts what is its %s input', async (_, build, of) => {
  const { ops, ys } = await optimized(input, build)
  expect(ops).toHaveLength(1)
  expect(ys).toEqual(repeated.map((x, at) => Math.fround(of(x, factors[at]!))))
})

test('of two that are repeated one stays, and what no other input is as large as', async () => {
  const both = await optimized(input, (b, x) => b.op('Add', [tile(b, x, [1, 2, 1]), tile(b, b.op('Neg', [x]), [1, 2, 1])]))
  expect(both).toEqual({ ops: ['Neg', 'Expand', 'Add'], ys: repeated.map(() => 0) })
  const scalar = await optimized(input, (b, x) => b.op('Mul', [tile(b, x, [1, 2, 1]), b.scalar(2)]))
  expect(scalar).toEqual({ ops: ['Expand', 'Mul'], ys: repeated.map((x) => 2 * x) })
})
