import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { numbers } from '../../../../models/sample.ts'
import { builder, run } from '../run-graph.ts'
import { optimized } from './run.ts'

const input = { data: Float32Array.from([-1, -2, -3, -4]), dims: [1, 1, 2, 2] }
const around = [0, 0, 1, 1, 0, 0, 1, 1]
const window = { kernel_shape: [2, 2], strides: [1, 1] }

describe('zeros in front of a convolution', () => {
  const weight = (b: GraphBuilder) => b.constant('float32', [1, 1, 2, 2], [1, 10, 100, 1000])
  const sums = [-1000, -2100, -200, -3010, -4321, -402, -30, -43, -4]

  test('become its own padding', async () => {
    const { ops, ys } = await optimized(input, (b, x) => b.op('Conv', [b.op('Pad', [x, b.ints(around), b.scalar(0)]), weight(b)]))
    expect(ops).toEqual(['Conv'])
    expect(ys).toEqual(sums)
  })

  test('add to the padding that it has', async () => {
    const { ops, ys } = await optimized(input, (b, x) => {
      return b.op('Conv', [b.op('Pad', [x, b.ints([0, 0, 1, 0, 0, 0, 0, 1])]), weight(b)], { pads: [0, 1, 1, 0] })
    })
    expect(ops).toEqual(['Conv'])
    expect(ys).toEqual(sums)
  })

  test('where what is padded is an output too', async () => {
    const b = builder()
    const x = b.op('Neg', [b.input('x', 'float32', input.dims)])
    const y = b.op('Conv', [b.op('Pad', [x, b.ints(around)]), weight(b)])
    b.output(x, 'padded')
    b.output(y, 'y')
    const graph = b.finish('test')
    optimize(graph)
    const results = await run(graph, { x: { type: 'float32', ...input } })
    expect(numbers(results.padded!)).toEqual([1, 2, 3, 4])
    expect(numbers(results.y!)).toEqual(sums.map((sum) => -sum))
  })

  test('stay where they are of other dimensions, cut some off, or are no zeros', async () => {
    const padded = (amounts: number[], fill = 0) =>
      optimized(input, (b, x) => b.op('Conv', [b.op('Pad', [x, b.ints(amounts), b.scalar(fill)]), weight(b)]))
    for (const { ops } of [await padded([1, 0, 0, 0, 0, 0, 0, 0]), await padded([0, 0, -1, 0, 0, 0, 1, 0]), await padded(around, 1)]) {
      expect(ops).toEqual(['Pad', 'Conv'])
    }
  })
})

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

  test.each<[string, (b: GraphBuilder, padded: Value) => Value]>([
    ['a node that does nothing', (b, padded) => b.op('Mul', [padded, b.scalar(1)])],
    ['a cast to the type that it has', (b, padded) => b.op('Cast', [padded], { to: 'float32' })],
  ])('zeros win behind %s', async (_, behind) => {
    const { ys } = await optimized(input, (b, x) => b.op('MaxPool', [behind(b, b.op('Pad', [x, b.ints(around), b.scalar(0)]))], window))
    expect(ys.map((y) => y + 0)).toEqual([0, 0, 0, 0, -1, 0, 0, 0, 0])
  })

  test('zeros of integers win', async () => {
    const { ys } = await optimized(input, (b, x) => {
      const padded = b.op('Pad', [b.cast(x, 'int32'), b.ints(around), b.scalar(0, 'int32')])
      return b.op('MaxPool', [b.cast(padded, 'float32')], window)
    })
    expect(ys.map((y) => y + 0)).toEqual([0, 0, 0, 0, -1, 0, 0, 0, 0])
  })

  test('zeros between transposes win', async () => {
    const { ys } = await optimized(input, (b, x) => {
      const channelsLast = b.transpose(b.reshape(x, [1, 2, 2, 1]), [0, 2, 3, 1])
      const padded = b.op('Pad', [channelsLast, b.ints([0, 1, 1, 0, 0, 1, 1, 0])])
      return b.op('MaxPool', [b.transpose(padded, [0, 3, 1, 2])], window)
    })
    expect(ys.map((y) => y + 0)).toEqual(Array(12).fill(0))
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

  test('narrow padding becomes the own one of a pooling that counts it', async () => {
    const pooling = { ...window, count_include_pad: 1 }
    const { ops, ys } = await optimized(input, (b, x) => b.op('AveragePool', [b.op('Pad', [x, b.ints(around)])], pooling))
    expect(ops).toEqual(['AveragePool'])
    expect(ys.map(average)).toEqual([-0.25, -0.75, -0.5, -1, -2.5, -1.5, -0.75, -1.75, -1])
  })

  test('windows that begin in the padding stay in ceil mode', async () => {
    const pooling = { kernel_shape: [2, 2], strides: [2, 2], count_include_pad: 1, ceil_mode: 1 }
    const behind = [0, 0, 0, 0, 0, 0, 1, 1]
    const { ys } = await optimized(input, (b, x) =>
      b.op('AveragePool', [b.op('Pad', [x, b.ints(behind)])], { ...pooling, pads: [0, 0, 0, 0] }),
    )
    expect(ys.map(average)).toEqual([-2.5, 0, 0, 0])
  })
})
