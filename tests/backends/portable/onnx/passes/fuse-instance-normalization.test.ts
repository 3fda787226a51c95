import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const dims = [2, 6, 2, 2]
const groups = 3
const epsilon = 0.01
const xs = Array.from({ length: 48 }, (_, index) => Math.sin(index * 1.7) * 3 + (index % 5))
const input = { data: Float32Array.from(xs), dims }
/** Elements of a group of two channels of 2 × 2. */
const size = 8

/** Group normalization as coremltools writes it, over the given axes of [2, 3, 2, 2, 2]. */
function centredAndNormalized(b: GraphBuilder, x: Value, axes = [2, 3, 4]): [centred: Value, normalized: Value] {
  const grouped = b.reshape(x, [2, groups, 2, 2, 2])
  const mean = (value: Value) => b.op('ReduceMean', [value, b.ints(axes)], { keepdims: 1 })
  const centred = b.op('Sub', [grouped, mean(grouped)])
  const variance = mean(b.op('Mul', [centred, centred]))
  return [centred, b.op('Div', [centred, b.op('Sqrt', [b.op('Add', [variance, b.scalar(epsilon)])])])]
}

function expected(): { centred: number; normalized: number }[] {
  return xs.map((x, index) => {
    const group = xs.slice(Math.floor(index / size) * size, Math.floor(index / size) * size + size)
    const mean = group.reduce((a, b) => a + b) / size
    const variance = group.reduce((sum, y) => sum + (y - mean) ** 2, 0) / size
    return { centred: x - mean, normalized: (x - mean) / Math.sqrt(variance + epsilon) }
  })
}

function expectClose(ys: number[], wanted: number[]): void {
  expect(ys.length).toBe(wanted.length)
  for (const [index, y] of ys.entries()) expect(y).toBeCloseTo(wanted[index]!, 5)
}

describe('normalization of groups', () => {
  test('becomes InstanceNormalization', async () => {
    const { ops, ys } = await optimized(input, (b, x) => b.reshape(centredAndNormalized(b, x)[1], dims))
    expect(ops).toEqual(['Reshape', 'InstanceNormalization', 'Reshape'])
    expectClose(
      ys,
      expected().map(({ normalized }) => normalized),
    )
  })

  test('stays as it is where the difference from the mean is read elsewhere', async () => {
    const { ops, ys } = await optimized(input, (b, x) => b.op('Add', centredAndNormalized(b, x)))
    expect(ops).not.toContain('InstanceNormalization')
    expectClose(
      ys,
      expected().map(({ centred, normalized }) => centred + normalized),
    )
  })

  test('stays as it is over other axes', async () => {
    const { ops } = await optimized(input, (b, x) => centredAndNormalized(b, x, [3, 4])[1])
    expect(ops).not.toContain('InstanceNormalization')
  })
})
