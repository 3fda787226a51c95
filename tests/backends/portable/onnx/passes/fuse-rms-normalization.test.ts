import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const rows = [
  [1, -2, 3, 0.5],
  [0, 0, 0, 0],
  [1000, 1, -1, 7],
]
const input = { data: Float32Array.from(rows.flat()), dims: [1, 3, 4] }
const weights = [1, 2, -0.5, 3]

function root(b: GraphBuilder, square: Value, axes = [-1]): Value {
  const mean = b.op('ReduceMean', [square, b.ints(axes)], { keepdims: 1 })
  return b.op('Sqrt', [b.op('Add', [b.op('Add', [mean, b.scalar(1e-3)]), b.scalar(1e-12)])])
}

const square = (b: GraphBuilder, x: Value) => b.op('Pow', [x, b.scalar(2)])
const product = (b: GraphBuilder, x: Value) => b.op('Mul', [x, x])
const factors = (b: GraphBuilder) => b.constant('float32', [4], weights)

function expected(factor: (column: number) => number): number[] {
  return rows.flatMap((row) => {
    const mean = row.reduce((sum, x) => sum + x * x, 0) / row.length
    return row.map((x, column) => (x / Math.sqrt(mean + 1e-3 + 1e-12)) * factor(column))
  })
}

function expectClose(ys: number[], wanted: number[]): void {
  expect(ys.length).toBe(wanted.length)
  for (const [index, y] of ys.entries()) expect(y).toBeCloseTo(wanted[index]!, 5)
}

describe('a division by the root mean square', () => {
  test.each<[string, (b: GraphBuilder, x: Value) => Value]>([
    ['multiplied by the reciprocal root', (b, x) => b.op('Mul', [x, b.op('Reciprocal', [root(b, square(b, x))])])],
    ['the reciprocal root first', (b, x) => b.op('Mul', [b.op('Reciprocal', [root(b, product(b, x), [2])]), x])],
    ['divided', (b, x) => b.op('Div', [x, root(b, product(b, x))])],
  ])('%s is one node, with the factors behind it or without', async (_, normalized) => {
    const plain = await optimized(input, normalized)
    expect(plain.ops).toEqual(['SimplifiedLayerNormalization'])
    expectClose(
      plain.ys,
      expected(() => 1),
    )
    const scaled = await optimized(input, (b, x) => b.op('Mul', [factors(b), normalized(b, x)]), [1, null, 4])
    expect(scaled.ops).toEqual(['SimplifiedLayerNormalization'])
    expectClose(
      scaled.ys,
      expected((column) => weights[column]!),
    )
  })

  test.each<[string, (b: GraphBuilder, x: Value) => Value]>([
    ['the mean over another axis', (b, x) => b.op('Div', [x, root(b, square(b, x), [1])])],
    ['the mean over two axes', (b, x) => b.op('Div', [x, root(b, square(b, x), [1, 2])])],
    ['the root of another value', (b, x) => b.op('Div', [x, root(b, square(b, b.op('Abs', [x])))])],
    ['a cube', (b, x) => b.op('Div', [x, root(b, b.op('Abs', [b.op('Pow', [x, b.scalar(3)])]))])],
  ])('stays as it is: %s', async (_, normalized) => {
    const { ops } = await optimized(input, normalized)
    expect(ops).toContain('ReduceMean')
  })

  test('stays where the root is read again', async () => {
    const { ops } = await optimized(input, (b, x) => {
      const divisor = root(b, square(b, x))
      return b.op('Add', [b.op('Div', [x, divisor]), divisor])
    })
    expect(ops).toContain('ReduceMean')
  })

  test('keeps a product with a factor of each row apart', async () => {
    const { ops, ys } = await optimized(input, (b, x) =>
      b.op('Mul', [b.op('Div', [x, root(b, square(b, x))]), b.constant('float32', [3, 1], [2, 3, 4])]),
    )
    expect(ops).toEqual(['SimplifiedLayerNormalization', 'Mul'])
    expectClose(
      ys,
      expected(() => 1).map((y, index) => y * (2 + Math.floor(index / 4))),
    )
  })
})
