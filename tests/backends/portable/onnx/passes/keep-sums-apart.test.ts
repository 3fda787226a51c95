import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const epsilon = 0.01
const xs = Array.from({ length: 12 }, (_, index) => Math.sin(index * 1.7) * 3 + (index % 5))
const scale = [1, -2, 0.5]
const input = { data: Float32Array.from(xs), dims: [2, 2, 3] }

function normalized(b: GraphBuilder, sum: Value): Value {
  return b.op('LayerNormalization', [sum, b.floats(scale)], { axis: -1, epsilon })
}

/** Rows of three, normalized. */
function expected(sums: number[]): number[] {
  return sums.map((sum, index) => {
    const row = sums.slice(index - (index % 3), index - (index % 3) + 3)
    const mean = row.reduce((a, b) => a + b) / 3
    const variance = row.reduce((total, y) => total + (y - mean) ** 2, 0) / 3
    return ((sum - mean) / Math.sqrt(variance + epsilon)) * scale[index % 3]!
  })
}

describe('a sum that is only normalized', () => {
  test('is no Add, which onnxruntime would make one node with the normalization', async () => {
    const { ops, ys } = await optimized(input, (b, x) => normalized(b, b.op('Add', [x, b.op('Abs', [x])])))
    expect(ops).toEqual(['Abs', 'Sum', 'LayerNormalization'])
    const wanted = expected(xs.map((x) => x + Math.abs(x)))
    for (const [index, y] of ys.entries()) expect(y).toBeCloseTo(wanted[index]!, 4)
    expect(ys.length).toBe(12)
  })

  test('stays one where one of the two is broadcast, or something else reads it', async () => {
    const broadcast = await optimized(input, (b, x) => normalized(b, b.op('Add', [x, b.floats([1, 2, 3])])))
    expect(broadcast.ops).toEqual(['Add', 'LayerNormalization'])
    const shared = await optimized(input, (b, x) => {
      const sum = b.op('Add', [x, b.op('Abs', [x])])
      return b.op('Sub', [sum, normalized(b, sum)])
    })
    expect(shared.ops).toEqual(['Abs', 'Add', 'LayerNormalization', 'Sub'])
  })
})
