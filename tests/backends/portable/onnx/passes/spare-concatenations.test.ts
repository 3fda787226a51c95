import { expect, test } from 'vitest'
import { matmul } from '../../../../../src/backends/portable/mil/ops/linear.ts'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { elementCount, type Tensor } from '../../../../../src/model/tensor.ts'
import { numbers } from '../../../../models/sample.ts'
import { expectNumbers } from '../../mil/corpus.ts'
import { builder, run } from '../run-graph.ts'
import { opTypes } from './run.ts'

type Shapes = Record<string, readonly number[]>

/** What is left of a graph of inputs of random numbers, after it was seen to compute the same as before. */
async function spared(shapes: Shapes, build: (b: GraphBuilder, inputs: Record<string, Value>) => Value[]): Promise<string[]> {
  const graphs = [0, 1].map(() => {
    const b = builder()
    const inputs = Object.fromEntries(Object.entries(shapes).map(([name, dims]) => [name, b.input(name, 'float32', dims)]))
    build(b, inputs).forEach((value, index) => {
      b.output(value, `y${index}`)
    })
    return b.finish('test')
  })
  optimize(graphs[1]!)
  const random = (dims: readonly number[]): Tensor => ({
    type: 'float32',
    dims,
    data: Float32Array.from({ length: elementCount(dims) }, () => Math.random() - 0.5),
  })
  const feeds = Object.fromEntries(Object.entries(shapes).map(([name, dims]) => [name, random(dims)]))
  const [plain, changed] = [await run(graphs[0]!, structuredClone(feeds)), await run(graphs[1]!, structuredClone(feeds))]
  for (const [name, tensor] of Object.entries(plain)) {
    expect(changed[name]!.dims).toEqual(tensor.dims)
    expectNumbers(numbers(changed[name]!), numbers(tensor), 1e-5, name)
  }
  return opTypes(graphs[1]!).filter((op) => op !== 'Identity')
}

const cache = [1, 4, 256, 64]
const news = [1, 4, 2, 64]

test('attention multiplies with its cache and with what is new, and gives what is new without slicing', async () => {
  const ops = await spared(
    { query: news, keys: cache, key: news, values: cache, value: news },
    (b, { query, keys, key, values, value }) => {
      const allKeys = b.concat([keys!, key!], 2)
      const allValues = b.concat([values!, value!], -2)
      const scores = b.op('Mul', [matmul(b, query!, allKeys, { transposeY: true }), b.scalar(0.125)])
      const result = b.op('MatMul', [b.op('Softmax', [scores], { axis: -1 }), allValues])
      return [result, b.op('Neg', [b.slice(allKeys, [2], [-2], [1000])]), b.op('Neg', [b.slice(allValues, [0, 2], [0, 0], [1, 256])])]
    },
  )
  expect(ops).toEqual(['FusedMatMul', 'FusedMatMul', 'Concat', 'Softmax', 'Split', 'MatMul', 'MatMul', 'Sum', 'Neg', 'Neg'])
})

test('columns that were concatenated are multiplied apart, three too, with fewer leading axes than the rows', async () => {
  const shapes = { x: [3, 2, 64], a: [64, 400], b: [64, 100], c: [64, 500] }
  const ops = await spared(shapes, (builder, { x, a, b, c }) => [builder.op('MatMul', [x!, builder.concat([a!, b!, c!], 1)])])
  expect(ops).toEqual(['MatMul', 'MatMul', 'MatMul', 'Concat'])
})

test('a factor goes into products of plain matrices as well', async () => {
  const ops = await spared({ x: [2, 512], a: [256, 128], b: [256, 128] }, (b, { x, a, b: c }) => [
    b.op('Mul', [b.op('MatMul', [x!, b.concat([a!, c!], 0)]), b.scalar(3)]),
  ])
  expect(ops).toEqual(['Split', 'FusedMatMul', 'FusedMatMul', 'Sum'])
})

test('a concatenation stays that is small, read by more than a product, along another axis, or smaller than what would be concatenated instead', async () => {
  const product = (b: GraphBuilder, { query, keys, key }: Record<string, Value>, axis = 2) =>
    matmul(b, query!, b.concat([keys!, key!], axis), { transposeY: true })
  const small = await spared({ query: [1, 1, 1, 64], keys: [1, 1, 100, 64], key: [1, 1, 1, 64] }, (b, values) => [product(b, values)])
  const along = await spared({ query: [1, 8, 1, 64], keys: cache, key: cache }, (b, values) => [product(b, values, 1)])
  const rows = await spared({ query: cache, keys: cache, key: news }, (b, values) => [product(b, values)])
  expect([small, along, rows]).toEqual(Array(3).fill(['Concat', 'FusedMatMul']))
  const read = await spared({ query: news, keys: cache, key: news }, (b, { query, keys, key }) => {
    const all = b.concat([keys!, key!], 2)
    return [matmul(b, query!, all, { transposeY: true }), b.op('Neg', [all])]
  })
  expect(read).toEqual(['Concat', 'FusedMatMul', 'Neg'])
})

test('a slice stays that is no whole part', async () => {
  const ops = await spared({ keys: cache, key: news }, (b, { keys, key }) => {
    const all = b.concat([keys!, key!], 2)
    const slices: [number, number, number][] = [
      [2, 256, 257],
      [2, 255, 258],
      [2, 1, 256],
    ]
    const halves = b.slice(all, [1, 2], [0, 256], [2, 258])
    return [...slices.map(([axis, from, to]) => b.op('Neg', [b.slice(all, [axis], [from], [to])])), b.op('Neg', [halves])]
  })
  expect(ops.filter((op) => op !== 'Neg')).toEqual(['Concat', 'Slice', 'Slice', 'Slice', 'Slice'])
})
