import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const epsilon = 0.01
const xs = Array.from({ length: 12 }, (_, index) => Math.sin(index * 1.7) * 3 + (index % 5))
const scale = [1, -2, 0.5]
const bias = [0.25, 0, -1]
const input = (dims: readonly number[]) => ({ data: Float32Array.from(xs), dims })

/** x + |x| and its normalization along an axis, in the order of the outputs. */
function residual(b: GraphBuilder, x: Value, { axis = -1, withBias = true } = {}): [sum: Value, normalized: Value] {
  const sum = b.op('Add', [x, b.op('Abs', [x])])
  const factors = [scale, ...(withBias ? [bias] : [])].map((values) => b.floats(values))
  return [sum, b.op('LayerNormalization', [sum, ...factors], { axis, epsilon })]
}

/** The sums and their normalization in rows of three. */
function expected(withBias = true): { sum: number; normalized: number }[] {
  const sums = xs.map((x) => x + Math.abs(x))
  return sums.map((sum, index) => {
    const row = sums.slice(index - (index % 3), index - (index % 3) + 3)
    const mean = row.reduce((a, b) => a + b) / 3
    const variance = row.reduce((total, y) => total + (y - mean) ** 2, 0) / 3
    const normalized = ((sum - mean) / Math.sqrt(variance + epsilon)) * scale[index % 3]! + (withBias ? bias[index % 3]! : 0)
    return { sum, normalized }
  })
}

function expectClose(ys: number[], wanted: number[]): void {
  expect(ys.length).toBe(wanted.length)
  for (const [index, y] of ys.entries()) expect(y).toBeCloseTo(wanted[index]!, 4)
}

describe('a sum that is normalized and read elsewhere', () => {
  test.each([[[2, 2, 3]], [[4, 3]]])('gives both at once: %j', async (dims) => {
    const { ops, ys } = await optimized(input(dims), (b, x) => b.op('Sub', residual(b, x)))
    expect(ops).toEqual(['Abs', 'SkipLayerNormalization', 'Sub'])
    expectClose(
      ys,
      expected().map(({ sum, normalized }) => sum - normalized),
    )
  })

  test('does so without a bias, and along the last axis by its number', async () => {
    const { ops, ys } = await optimized(input([2, 2, 3]), (b, x) => b.op('Sub', residual(b, x, { axis: 2, withBias: false })))
    expect(ops).toEqual(['Abs', 'SkipLayerNormalization', 'Sub'])
    expectClose(
      ys,
      expected(false).map(({ sum, normalized }) => sum - normalized),
    )
  })

  test('stays as it is in a rank that onnxruntime does not take', async () => {
    const { ops, ys } = await optimized(input([1, 2, 2, 3]), (b, x) => b.op('Sub', residual(b, x)))
    expect(ops).toEqual(['Abs', 'Add', 'LayerNormalization', 'Sub'])
    expectClose(
      ys,
      expected().map(({ sum, normalized }) => sum - normalized),
    )
  })

  test('stays as it is where one of the two is broadcast, or more axes are normalized', async () => {
    const broadcast = await optimized(input([2, 2, 3]), (b, x) => {
      const sum = b.op('Add', [x, b.floats([1, 2, 3])])
      return b.op('Sub', [sum, b.op('LayerNormalization', [sum, b.floats(scale)], { axis: -1, epsilon })])
    })
    expect(broadcast.ops).toEqual(['Add', 'LayerNormalization', 'Sub'])
    const both = await optimized(input([2, 2, 3]), (b, x) => {
      const sum = b.op('Add', [x, b.op('Abs', [x])])
      const ones = b.reshape(b.floats([1, 1, 1, 1, 1, 1]), [2, 3])
      return b.op('Sub', [sum, b.op('LayerNormalization', [sum, ones], { axis: 1, epsilon })])
    })
    expect(both.ops).toEqual(['Abs', 'Add', 'LayerNormalization', 'Sub'])
  })

  test('is left to onnxruntime where nothing else reads it', async () => {
    const { ops, ys } = await optimized(input([2, 2, 3]), (b, x) => residual(b, x)[1])
    expect(ops).toEqual(['Abs', 'Add', 'LayerNormalization'])
    expectClose(
      ys,
      expected().map(({ normalized }) => normalized),
    )
  })
})
