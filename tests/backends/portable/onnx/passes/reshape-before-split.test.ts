import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { elementCount } from '../../../../../src/model/tensor.ts'
import { optimized } from './run.ts'

const counted = (dims: readonly number[]) => ({ dims, data: Float32Array.from({ length: elementCount(dims) }, (_, index) => index) })

function split(b: GraphBuilder, x: Value, axis: number, sizes: number[]): Value[] {
  return b.ops('Split', [x, b.ints(sizes)], { axis }, { outputs: sizes.length })
}

describe('parts that are given another shape', () => {
  test('are cut out of a value that has it: the heads of one row', async () => {
    const { ops, ys } = await optimized(counted([1, 1, 12]), (b, x) => {
      const [q, k, v] = split(b, x, -1, [4, 4, 4]).map((part) => b.transpose(b.reshape(part, [1, 1, 2, 2]), [0, 2, 1, 3])) as [
        Value,
        Value,
        Value,
      ]
      return b.op('Sub', [b.op('Mul', [q, k]), v])
    })
    expect(ops).toEqual(['Reshape', 'Split', 'Mul', 'Sub'])
    expect(ys).toEqual([0, 1, 2, 3].map((index) => index * (index + 4) - (index + 8)))
  })

  test('keep what is read in other shapes', async () => {
    const { ops, ys } = await optimized(counted([8]), (b, x) => {
      const [first, second] = split(b, x, 0, [4, 4]) as [Value, Value]
      const product = b.op('MatMul', [b.reshape(first, [2, 2]), b.reshape(second, [2, 2])])
      return b.op('Add', [product, b.reshape(second, [4, 1, 1])])
    })
    expect(ops).toEqual(['Reshape', 'Split', 'MatMul', 'Reshape', 'Add'])
    const product = [
      [6, 7],
      [26, 31],
    ]
    expect(ys).toEqual([4, 5, 6, 7].flatMap((each) => product.map(([a, b]) => [a! + each, b! + each])).flat())
  })

  test.each<[string, readonly number[], number, number[], number[]]>([
    ['of several rows', [2, 4], 1, [2, 2], [2, 1, 2]],
    ['of several sizes', [6], 0, [2, 4], [-1, 2]],
  ])('stay %s', async (_name, dims, axis, sizes, shape) => {
    const { ops } = await optimized(counted(dims), (b, x) => {
      const shaped = split(b, x, axis, sizes).map((part) => b.reshape(part, shape))
      return b.op('Add', shaped)
    })
    expect(ops).toEqual(['Split', 'Reshape', 'Reshape', 'Add'])
  })

  test('stay where something reads a part as it is', async () => {
    const { ops, ys } = await optimized(counted([4]), (b, x) => {
      const [first, second] = split(b, x, 0, [2, 2]) as [Value, Value]
      const rows = [first, second].map((part) => b.reshape(part, [2, 1]))
      return b.op('Sub', [b.op('Mul', rows), first])
    })
    expect(ops).toEqual(['Split', 'Reshape', 'Reshape', 'Mul', 'Sub'])
    expect(ys).toEqual([0, -1, 3, 2])
  })

  test('stay where they have no elements', async () => {
    const { ops, ys } = await optimized(counted([2, 0, 3]), (b, x) => {
      const [first, second] = split(b, x, 0, [1, 1]).map((part) => b.reshape(part, [0, 3])) as [Value, Value]
      return b.op('ReduceSum', [b.op('Add', [first, second]), b.ints([0])], { keepdims: 0 })
    })
    expect(ops).toEqual(['Split', 'Reshape', 'Reshape', 'Add', 'ReduceSum'])
    expect(ys).toEqual([0, 0, 0])
  })
})
