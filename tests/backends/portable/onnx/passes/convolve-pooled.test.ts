import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { convolvePooled } from '../../../../../src/backends/portable/onnx/passes/convolve-pooled.ts'
import { Rewriter } from '../../../../../src/backends/portable/onnx/passes/rewriter.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { builder } from '../run-graph.ts'
import { opTypes, optimized } from './run.ts'

const xs = Array.from({ length: 24 }, (_, index) => Math.sin(index * 1.7) * 3)
const image = { data: Float32Array.from(xs), dims: [1, 2, 3, 4] }
const means = [xs.slice(0, 12), xs.slice(12)].map((plane) => plane.reduce((sum, x) => sum + x, 0) / 12) as [number, number]

const rows = [
  [1, -2],
  [3, 0.5],
  [-0.25, 4],
] as const
const weights = (b: GraphBuilder) => b.constant('float32', [3, 2], rows.flat())
const biases = (b: GraphBuilder) => b.constant('float32', [3], [10, 20, 30])

function pooled(b: GraphBuilder, x: Value): Value {
  const [count] = x.dims
  return b.reshape(b.op('GlobalAveragePool', [x]), [count ?? -1, 2])
}

function expectClose(ys: number[], wanted: number[]): void {
  expect(ys.length).toBe(wanted.length)
  for (const [index, y] of ys.entries()) expect(y).toBeCloseTo(wanted[index]!, 4)
}

const products = rows.map(([left, right]) => left * means[0] + right * means[1])

describe.runIf(process.arch === 'x64')('a linear layer behind the pooled channels of an image', () => {
  test('is a convolution', async () => {
    const { ops, ys } = await optimized(image, (b, x) => b.op('Gemm', [pooled(b, x), weights(b), biases(b)], { transB: 1 }))
    expect(ops).toEqual(['GlobalAveragePool', 'Conv', 'Reshape'])
    expectClose(
      ys,
      products.map((product, index) => product + 10 * (index + 1)),
    )
  })

  test('is one without a bias, and where its weight is read elsewhere too', async () => {
    const { ops, ys } = await optimized(image, (b, x) => {
      const weight = weights(b)
      const y = b.op('Gemm', [pooled(b, x), weight], { transB: 1 })
      return b.op('Add', [y, b.op('MatMul', [weight, b.constant('float32', [2], [1, 1])])])
    })
    expect(ops).toContain('Conv')
    expectClose(
      ys,
      products.map((product, index) => product + rows[index]![0] + rows[index]![1]),
    )
  })
})

describe('a linear layer is left as it is', () => {
  const linear = (b: GraphBuilder, row: Value, bias = biases(b), attributes = {}) =>
    b.op('Gemm', [row, weights(b), bias], { transB: 1, ...attributes })

  test.each<[string, readonly number[], (b: GraphBuilder, x: Value) => Value, number[]]>([
    ['behind several images', [2, 2, 3, 2], (b, x) => linear(b, pooled(b, x)), []],
    [
      'with a factor',
      [1, 2, 3, 4],
      (b, x) => linear(b, pooled(b, x), biases(b), { alpha: 2 }),
      products.map((y, i) => 2 * y + 10 * (i + 1)),
    ],
    ['with one bias for all', [1, 2, 3, 4], (b, x) => linear(b, pooled(b, x), b.constant('float32', [1], [5])), products.map((y) => y + 5)],
    [
      'behind a volume',
      [1, 2, 1, 3, 4],
      (b, x) => linear(b, b.reshape(b.op('GlobalAveragePool', [x]), [1, 2])),
      products.map((y, i) => y + 10 * (i + 1)),
    ],
    [
      'that takes each channel as a row',
      [1, 2, 3, 4],
      (b, x) => b.op('Gemm', [b.reshape(b.op('GlobalAveragePool', [x]), [2, 1]), b.constant('float32', [2, 1], [3, -4])], { transB: 1 }),
      means.flatMap((mean) => [3 * mean, -4 * mean]),
    ],
    [
      'where nothing is pooled',
      [1, 2, 3, 4],
      (b, x) => linear(b, b.reshape(b.op('Slice', [x, b.ints([0, 0]), b.ints([1, 1]), b.ints([2, 3])]), [1, 2])),
      rows.map(([left, right], index) => left * xs[0]! + right * xs[12]! + 10 * (index + 1)),
    ],
  ])('%s', async (_, dims, build, wanted) => {
    const { ops, ys } = await optimized({ ...image, dims: [...dims] }, build)
    expect(ops).toContain('Gemm')
    expect(ops).not.toContain('Conv')
    if (wanted.length > 0) expectClose(ys, wanted)
  })

  test('where onnxruntime has no layout of its own for convolutions', () => {
    const b = builder()
    b.output(linear(b, pooled(b, b.input('x', 'float32', image.dims))), 'y')
    const graph = b.finish('test')
    convolvePooled(new Rewriter(graph), 'arm64')
    expect(opTypes(graph)).not.toContain('Conv')
    convolvePooled(new Rewriter(graph), 'x64')
    expect(opTypes(graph)).toContain('Conv')
  })
})
