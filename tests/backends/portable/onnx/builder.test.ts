import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { staticDims, UnknownDimensionError } from '../../../../src/backends/portable/onnx/value.ts'
import { builder, runGraph } from './run-graph.ts'

function numbers(data: ArrayLike<number | bigint>): number[] {
  return Array.from(data, Number)
}

describe('folding of shape arithmetic', () => {
  test('gives what onnxruntime computes from the same numbers', async () => {
    const elements = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 3, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(elements, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 }), async (left, right) => {
        const folded = builder()
        const kept = builder()
        const feeds = {
          a: { type: 'int64' as const, data: BigInt64Array.from(left, BigInt), dims: [3] },
          b: { type: 'int64' as const, data: BigInt64Array.from(right, BigInt), dims: [3] },
        }
        const chain = (b: ReturnType<typeof builder>, x: ReturnType<typeof b.ints>, y: typeof x) => {
          const quotient = b.op('Div', [x, y])
          const both = b.concat([quotient, b.op('Sub', [x, y])], 0)
          const picked = b.op('Gather', [both, b.ints([-1, 0, 4])])
          const remainders = [y, b.op('Neg', [y])].flatMap((by) => [b.op('Mod', [x, by]), b.op('Mod', [x, by], { fmod: 1 })])
          const backwards = [
            [5, -7, -1],
            [-2, 0, -2],
            [0, 9, -3],
            [1, 9, 2],
          ].map(([start, end, step]) => b.op('Slice', [both, b.ints([start!]), b.ints([end!]), b.ints([0]), b.ints([step!])]))
          const picks = [
            b.op('Where', [b.op('Less', [x, y]), x, y]),
            b.op('Where', [b.op('Equal', [x, b.scalar(0, 'int64')]), b.scalar(1, 'int64'), x]),
          ]
          const product = b.op('ReduceProd', [y, b.ints([0])], { keepdims: 0 })
          const sides = b.cast(b.op('Sqrt', [b.cast(y, 'float32')]), 'int64')
          return [both, picked, ...remainders, ...backwards, ...picks, b.slice(both, [0], [-4], [5]), product, sides]
        }
        const constants = chain(folded, folded.ints(left), folded.ints(right))
        expect(folded.nodes).toHaveLength(0)
        const computed = await runGraph(kept, chain(kept, kept.input('a', 'int64', [3]), kept.input('b', 'int64', [3])), feeds)
        constants.forEach((value, index) => {
          expect(numbers(value.constant!.data as BigInt64Array)).toEqual(numbers(computed[index]!.data as BigInt64Array))
          expect(value.dims).toEqual(computed[index]!.dims)
        })
      }),
      { numRuns: 20 },
    )
  })
})

describe('open dimensions', () => {
  test('shapes with open dimensions are computed in the graph', async () => {
    const b = builder()
    const x = b.input('x', 'float32', [null, 6])
    const split = b.reshape(x, [b.dim(x, 0), 2, -1])
    expect(split.dims).toEqual([null, 2, null])
    expect(() => staticDims(split)).toThrow(UnknownDimensionError)
    const [result] = await runGraph(b, [split], {
      x: { type: 'float32', data: Float32Array.from({ length: 18 }, (_, i) => i), dims: [3, 6] },
    })
    expect(result!.dims).toEqual([3, 2, 3])
  })

  test('a reshape that changes the number of elements is refused', () => {
    const b = builder()
    expect(() => b.reshape(b.input('x', 'float32', [2, 3]), [4, 2])).toThrow(/changes the number of elements/)
  })
})

describe('graphs inside graphs', () => {
  test('a loop sees the values around it and carries its own', async () => {
    const b = builder()
    const x = b.input('x', 'float32', [2])
    const body = b.subgraph(
      [
        { type: 'int64', dims: [] },
        { type: 'bool', dims: [] },
        { type: 'float32', dims: [2] },
      ],
      (inner, [, condition, sum]) => [condition!, inner.op('Add', [sum!, inner.op('Mul', [x, inner.scalar(2)])])],
    )
    const [total] = b.ops('Loop', [b.scalar(5, 'int64'), null, x], { body: body.graph }, { types: [{ type: 'float32', dims: [2] }] })
    const [result] = await runGraph(b, [total!], { x: { type: 'float32', data: Float32Array.of(1, -3), dims: [2] } })
    expect(numbers(result!.data as Float32Array)).toEqual([11, -33])
  })

  test('outputs may repeat, and may be inputs or constants', async () => {
    const b = builder()
    const x = b.input('x', 'float32', [1])
    const y = b.op('Neg', [x])
    const results = await runGraph(b, [x, y, y, b.floats([7])], { x: { type: 'float32', data: Float32Array.of(4), dims: [1] } })
    expect(results.map(({ data }) => Number(data[0]))).toEqual([4, -4, -4, 7])
  })
})

test('comparisons of shapes fold as onnxruntime computes them', async () => {
  const elements = [-2, 0, 1, 1, 3]
  const other = [1, 0, -1, 1, 2]
  const chain = (b: ReturnType<typeof builder>, x: ReturnType<typeof b.floats>, y: typeof x) => {
    const compared = ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op) => b.op(op, [x, y]))
    const [x1, y1] = [b.cast(x, 'bool'), b.cast(y, 'bool')]
    const logical = [b.op('And', [x1, y1]), b.op('Or', [x1, y1]), b.op('Xor', [x1, y1]), b.op('Not', [x1])]
    const extremes = ['ReduceMax', 'ReduceMin'].map((op) => b.op(op, [x, b.ints([0])], { keepdims: 1 }))
    return [...[...compared, ...logical].map((value) => b.cast(value, 'float32')), ...extremes, b.op('Abs', [x])]
  }
  const folded = builder()
  const constants = chain(folded, folded.floats(elements), folded.floats(other))
  expect(folded.nodes).toEqual([])
  const kept = builder()
  const feeds = {
    a: { type: 'float32' as const, data: Float32Array.from(elements), dims: [5] },
    b: { type: 'float32' as const, data: Float32Array.from(other), dims: [5] },
  }
  const computed = await runGraph(kept, chain(kept, kept.input('a', 'float32', [5]), kept.input('b', 'float32', [5])), feeds)
  expect(constants.map((value) => numbers(value.constant!.data as Float32Array))).toEqual(
    computed.map(({ data }) => numbers(data as Float32Array)),
  )
})

test('shape arithmetic in float32 folds as onnxruntime computes it', () => {
  const b = builder()
  const shape = b.cast(b.shape(b.input('x', 'float32', [7, 3])), 'float32')
  const half = b.op('Floor', [b.op('Div', [b.slice(shape, [0], [0], [1]), b.floats([2])])])
  const third = b.op('Div', [b.floats([1]), b.floats([3])])
  const target = b.cast(b.concat([half, b.floats([-1])], 0), 'int64')
  expect(Array.from(target.constant!.data as BigInt64Array)).toEqual([3n, -1n])
  expect((third.constant!.data as Float32Array)[0]).toBe(Math.fround(1 / 3))
  expect(Array.from(b.cast(b.floats([-1.5, 2.9]), 'int64').constant!.data as BigInt64Array)).toEqual([-1n, 2n])
  expect(b.nodes).toEqual([])
})

test('integers that a number does not hold exactly are left to onnxruntime', async () => {
  const b = builder()
  const [most, odd] = [b.scalar(2 ** 31 - 1, 'int32'), b.scalar(2 ** 31 - 3, 'int32')]
  const last = b.constant('int64', [1], BigInt64Array.of(2n ** 63n - 1n))
  const results = await runGraph(b, [b.op('Mul', [most, odd]), b.op('Add', [most, odd]), b.concat([b.ints([1]), last], 0)])
  expect(results.map(({ data }) => Array.from(data as BigInt64Array, BigInt))).toEqual([[3n], [-4n], [1n, 2n ** 63n - 1n]])
})

test('numbers beyond those of int32 are cast alike where they are constants and where they are computed', async () => {
  const b = builder()
  const numbers = [1e10, -1e10, 3, 2 ** 31]
  const x = b.input('x', 'float32', [4])
  const results = await runGraph(b, [b.cast(b.floats(numbers), 'int32'), b.cast(x, 'int32')], {
    x: { type: 'float32', dims: [4], data: Float32Array.from(numbers) },
  })
  expect(results[0]).toEqual(results[1])
})
