import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const xs = Array.from({ length: 24 }, (_, index) => Math.cos(index * 2.3) * 4)
const input = { data: Float32Array.from(xs), dims: [1, 2, 3, 4] }

/** Doubles every element. */
function convolved(b: GraphBuilder, x: Value): Value {
  return b.op('Conv', [x, b.constant('float32', [2, 2, 1, 1], [2, 0, 0, 2])], { kernel_shape: [1, 1] })
}

function mean(b: GraphBuilder, x: Value, axes: number[], keepdims: number): Value {
  return b.op('ReduceMean', [x, b.ints(axes)], { keepdims })
}

const means = (of: (x: number) => number) => [xs.slice(0, 12), xs.slice(12)].map((plane) => plane.reduce((sum, x) => sum + of(x), 0) / 12)

function expectClose(ys: number[], wanted: number[]): void {
  expect(ys.length).toBe(wanted.length)
  for (const [index, y] of ys.entries()) expect(y).toBeCloseTo(wanted[index]!, 5)
}

describe('the mean of an image behind a convolution', () => {
  test.each([
    [[2, 3], 1, ['Conv', 'Relu', 'GlobalAveragePool']],
    [[-1, -2], 0, ['Conv', 'Relu', 'GlobalAveragePool', 'Reshape']],
  ])('over axes %j is pooled', async (axes, keepdims, wanted) => {
    const { ops, ys } = await optimized(input, (b, x) => mean(b, b.op('Relu', [convolved(b, x)]), axes, keepdims))
    expect(ops).toEqual(wanted)
    expectClose(
      ys,
      means((x) => 2 * Math.max(x, 0)),
    )
  })

  test('is pooled behind swish', async () => {
    const swish = (b: GraphBuilder, x: Value) => b.op('QuickGelu', [x], { alpha: 1 }, { domain: 'com.microsoft' })
    const { ops, ys } = await optimized(input, (b, x) => mean(b, swish(b, convolved(b, x)), [2, 3], 1))
    expect(ops).toEqual(['Conv', 'QuickGelu', 'GlobalAveragePool'])
    expectClose(
      ys,
      means((x) => (2 * x) / (1 + Math.exp(-2 * x))),
    )
  })

  test('is reduced over other axes', async () => {
    const { ops } = await optimized(input, (b, x) => mean(b, convolved(b, x), [1, 2], 1))
    expect(ops).toEqual(['Conv', 'ReduceMean'])
  })

  test('is reduced where the shape is flexible', async () => {
    const { ops, ys } = await optimized(input, (b, x) => mean(b, convolved(b, x), [-1, -2], 1), [null, 2, 3, 4])
    expect(ops).toEqual(['Conv', 'ReduceMean'])
    expectClose(
      ys,
      means((x) => 2 * x),
    )
  })

  test('is reduced where no convolution is in front', async () => {
    const { ops, ys } = await optimized(input, (b, x) => mean(b, x, [2, 3], 1))
    expect(ops).toEqual(['ReduceMean'])
    expectClose(
      ys,
      means((x) => x),
    )
  })
})
