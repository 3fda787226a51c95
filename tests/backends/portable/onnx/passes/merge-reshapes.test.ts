import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { elementCount } from '../../../../../src/model/tensor.ts'
import { numbers } from '../../../../models/sample.ts'
import { builder, run } from '../run-graph.ts'
import { opTypes, optimized } from './run.ts'

const counted = (dims: readonly number[]) => ({ dims, data: Float32Array.from({ length: elementCount(dims) }, (_, index) => index) })

async function reshaped(dims: readonly number[], build: (b: GraphBuilder, x: Value) => Value) {
  const { ops, ys } = await optimized(counted(dims), build)
  return { ops, ys }
}

describe('nodes that only give another shape', () => {
  test('go where the shape is the first one again', async () => {
    const { ops, ys } = await reshaped([2, 1, 3], (b, x) => b.op('Neg', [b.unsqueeze(b.reshape(b.squeeze(x, [1]), [2, 3]), [1])]))
    expect(ops).toEqual(['Neg'])
    expect(ys).toEqual([-0, -1, -2, -3, -4, -5])
  })

  test('become one where several follow each other, transposes that only move axes of size one among them', async () => {
    const { ops, ys } = await reshaped([2, 1, 3], (b, x) => {
      const turned = b.transpose(b.reshape(x, [1, 2, 3, 1]), [1, 3, 0, 2])
      return b.op('ReduceSum', [b.op('Flatten', [turned], { axis: 3 }), b.ints([0])], { keepdims: 0 })
    })
    expect(ops).toEqual(['Reshape', 'ReduceSum'])
    expect(ys).toEqual([3, 5, 7])
  })

  test('stay where a transpose moves elements', async () => {
    const { ops, ys } = await reshaped([2, 1, 3], (b, x) => b.reshape(b.transpose(x, [2, 1, 0]), [6]))
    expect(ops).toEqual(['Transpose', 'Reshape'])
    expect(ys).toEqual([0, 3, 1, 4, 2, 5])
  })

  test('are passed by inside branches too', async () => {
    const b = builder()
    const x = b.input('x', 'float32', [2, 3])
    const row = b.reshape(x, [1, 6])
    const types = [{ type: 'float32' as const, dims: [2, 3] }]
    const branch = (opType: string) => b.subgraph([], (inner) => [inner.op(opType, [inner.reshape(row, [2, 3])])]).graph
    const branches = { then_branch: branch('Neg'), else_branch: branch('Abs') }
    b.output(b.op('If', [b.input('c', 'bool', [])], branches, { types }), 'y')
    const graph = b.finish('test')
    optimize(graph)
    expect(opTypes(graph)).toEqual(['If'])
    expect(opTypes(branches.then_branch)).toEqual(['Neg'])
    const c = { type: 'bool' as const, dims: [], data: Uint8Array.of(1) }
    const { y } = await run(graph, { x: { type: 'float32', ...counted([2, 3]) }, c })
    expect(y!.dims).toEqual([2, 3])
    expect(numbers(y!)).toEqual([-0, -1, -2, -3, -4, -5])
  })

  test('stay where the shape is not known before a run', () => {
    const b = builder()
    const x = b.input('x', 'float32', [null, 3])
    b.output(b.op('Neg', [b.reshape(b.reshape(x, [-1]), [-1, 3])]), 'y')
    const graph = b.finish('test')
    optimize(graph)
    expect(opTypes(graph)).toEqual(['Reshape', 'Reshape', 'Neg'])
  })
})

describe('a matrix product between two of them', () => {
  // Rows [0 1 2] and [3 4 5] times [[1 0] [1 1] [0 2]].
  const weight = (b: GraphBuilder) => b.constant('float32', [3, 2], [1, 0, 1, 1, 0, 2])
  const product = [1, 5, 7, 14]

  test('takes the rows as they are', async () => {
    const { ops, ys } = await reshaped([1, 2, 3], (b, x) =>
      b.op('Neg', [b.reshape(b.op('MatMul', [b.reshape(x, [2, 3]), weight(b)]), [1, 2, 2])]),
    )
    expect(ops).toEqual(['MatMul', 'Neg'])
    expect(ys).toEqual(product.map((y) => -y))
  })

  test('takes the rows in the shape of its result', async () => {
    const { ops, ys } = await reshaped([1, 2, 1, 3], (b, x) =>
      b.op('Neg', [b.reshape(b.op('MatMul', [b.reshape(x, [2, 3]), weight(b)]), [2, 1, 1, 2])]),
    )
    expect(ops).toEqual(['Reshape', 'MatMul', 'Neg'])
    expect(ys).toEqual(product.map((y) => -y))
  })

  test('stays where rows end elsewhere, or something else reads it', async () => {
    const split = await reshaped([1, 2, 3], (b, x) => b.op('Neg', [b.reshape(b.op('MatMul', [b.reshape(x, [2, 3]), weight(b)]), [4, 1])]))
    expect(split.ops).toEqual(['Reshape', 'MatMul', 'Reshape', 'Neg'])
    expect(split.ys).toEqual(product.map((y) => -y))
    const twice = await reshaped([1, 2, 3], (b, x) => {
      const rows = b.op('MatMul', [b.reshape(x, [2, 3]), weight(b)])
      return b.op('Add', [b.reshape(rows, [1, 2, 2]), rows])
    })
    expect(twice.ops).toEqual(['Reshape', 'MatMul', 'Reshape', 'Add'])
    expect(twice.ys).toEqual(product.map((y) => 2 * y))
  })
})
