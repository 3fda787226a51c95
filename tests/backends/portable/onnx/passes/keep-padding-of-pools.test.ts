import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { optimized } from './run.ts'

const input = { data: Float32Array.from([-1, -2, -3, -4]), dims: [1, 1, 2, 2] }
const around = [0, 0, 1, 1, 0, 0, 1, 1]
const window = { kernel_shape: [2, 2], strides: [1, 1] }

describe('maxima over padding in front of the pooling', () => {
  // Only the window in the middle holds no padding.
  test.each([0, -0])('zeros win over negative values (%d)', async (fill) => {
    const { ys } = await optimized(input, (b, x) => b.op('MaxPool', [b.op('Pad', [x, b.ints(around), b.scalar(fill)])], window))
    expect(ys.map((y) => y + 0)).toEqual([0, 0, 0, 0, -1, 0, 0, 0, 0])
  })

  test('zeros that are not written out win as well', async () => {
    const { ys } = await optimized(input, (b, x) => b.op('MaxPool', [b.op('Pad', [x, b.ints(around)])], window))
    expect(ys).toEqual([0, 0, 0, 0, -1, 0, 0, 0, 0])
  })

  test('inside a branch, which may read the constants of the graph around it', async () => {
    const types = [{ type: 'float32' as const, dims: [1, 1, 3, 3] }]
    const { ys } = await optimized(input, (b, x) => {
      const pooled = (inner: GraphBuilder) => inner.op('MaxPool', [inner.op('Pad', [x, b.ints(around), b.scalar(0)])], window)
      const branches = {
        then_branch: b.subgraph([], (inner) => [pooled(inner)]).graph,
        else_branch: b.subgraph([], (inner) => [inner.op('Neg', [pooled(inner)])]).graph,
      }
      const isNegative = b.op('Less', [b.op('ReduceMax', [x], { keepdims: 0 }), b.scalar(0)])
      return b.op('If', [isNegative], branches, { types })
    })
    expect(ys).toEqual([0, 0, 0, 0, -1, 0, 0, 0, 0])
  })

  test('inside the body of a loop', async () => {
    const port = { type: 'float32' as const, dims: [1, 1, 2, 2] }
    const before = [0, 0, 1, 1, 0, 0, 0, 0]
    const { ys } = await optimized(input, (b, x) => {
      const scalars = [
        { type: 'int64' as const, dims: [] },
        { type: 'bool' as const, dims: [] },
      ]
      const { graph } = b.subgraph([...scalars, port], (inner, [, goOn, value]) => {
        return [inner.op('Identity', [goOn!]), inner.op('MaxPool', [inner.op('Pad', [value!, b.ints(before), b.scalar(0)])], window)]
      })
      return b.op('Loop', [b.constant('int64', [], [1]), null, x], { body: graph }, { types: [port] })
    })
    expect(ys.map((y) => y + 0)).toEqual([0, 0, 0, -1])
  })

  test('another number is left as it is', async () => {
    const { ys } = await optimized(input, (b, x) => b.op('MaxPool', [b.op('Pad', [x, b.ints(around), b.scalar(-2.5)])], window))
    expect(ys).toEqual([-1, -1, -2, -1, -1, -2, -2.5, -2.5, -2.5])
  })
})

describe('averages over padding in front of the pooling', () => {
  const average = (y: number) => Math.round(y * 1e6) / 1e6 + 0

  test('padding as wide as the window counts', async () => {
    const wide = [0, 0, 2, 0, 0, 0, 0, 1]
    const { ys } = await optimized(input, (b, x) => b.op('AveragePool', [b.op('Pad', [x, b.ints(wide), b.scalar(0)])], window))
    expect(ys.map(average)).toEqual([0, 0, -0.75, -0.5, -2.5, -1.5])
  })

  test('so does padding that is as wide together with the own one of the pooling, which does not count', async () => {
    const above = [0, 0, 1, 0, 0, 0, 0, 0]
    const own = { ...window, pads: [1, 0, 0, 0], count_include_pad: 0 }
    const { ys } = await optimized(input, (b, x) => b.op('AveragePool', [b.op('Pad', [x, b.ints(above), b.scalar(0)])], own))
    expect(ys.map(average)).toEqual([0, -0.75, -2.5])
  })
})
