import { expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../../src/backends/portable/onnx/value.ts'
import { loop, nodesOf, optimized, optimizedFixture, plus, row, withRow } from './loop.ts'

/** Where the rows of a list that was a loop variable are written now: behind the loop. */
async function carried(...of: Parameters<typeof optimized>): Promise<{ behind: boolean; results: number[][] }> {
  const { count, outer, results } = await optimized(...of)
  expect(count('ScatterND')).toBe(1)
  return { behind: outer.includes('ScatterND'), results }
}

const xs = { dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
const limit = (b: GraphBuilder, number: number) => b.constant('int32', [1], [number])
const zeros = (b: GraphBuilder, rows: number) => b.constant('float32', [rows, 2], new Float32Array(rows * 2))

/** Running sums of the rows of `x`, into `list` from its second row on. */
const sums =
  (x: Value, reduction = 'none') =>
  (inner: GraphBuilder, i: Value, [list]: Value[]) => {
    const sum = inner.op('Add', [row(inner, list!, i), row(inner, x, i)])
    return [withRow(inner, list!, plus(inner, i, 1), sum, reduction)]
  }

test('a list of which a loop reads the row before is carried row by row', async () => {
  const { behind, results } = await carried({ x: xs }, (b, { x }) =>
    loop(b, limit(b, 3), [b.constant('float32', [4, 2], [10, 20, 0, 0, 0, 0, 0, 0])], sums(x!)),
  )
  expect(behind).toBe(true)
  expect(results).toEqual([[10, 20, 11, 22, 14, 26, 19, 32]])
})

test('rows may be added to zeros, constant or not, and not to anything else', async () => {
  const added = (list: (b: GraphBuilder, inputs: Record<string, Value>) => Value) =>
    carried({ x: xs, first: { dims: [1, 2] }, size: { dims: [2], type: 'int64', data: BigInt64Array.of(3n, 2n) } }, (b, inputs) =>
      loop(b, limit(b, 3), [list(b, inputs)], sums(inputs.x!, 'add')),
    )
  const known = await added((b, { first }) => b.concat([first!, zeros(b, 3)], 0))
  const filled = await added((b, { first, size }) => {
    const rest = b.op('Expand', [b.scalar(0), size!], {}, { types: [{ type: 'float32', dims: [3, 2] }] })
    return b.concat([first!, rest], 0)
  })
  const ones = await added((b, { first }) => b.concat([first!, b.constant('float32', [3, 2], [0, 0, 0, 1, 0, 0])], 0))
  const unknown = await added((b, { first, x }) => b.concat([first!, x!], 0))
  expect([known, filled, ones, unknown].map(({ behind }) => behind)).toEqual([true, true, false, false])
})

test('a list that a loop only writes is no loop variable; what is not written stays as it is', async () => {
  const { behind, results } = await carried({ x: xs, list: { dims: [5, 2], data: new Float32Array(10).fill(7) } }, (b, { x, list }) =>
    loop(b, limit(b, 3), [list!], (inner, i, [all]) => [withRow(inner, all!, i, inner.op('Neg', [row(inner, x!, i)]))], { start: 1 }),
  )
  expect(behind).toBe(true)
  expect(results).toEqual([[7, 7, -3, -4, -5, -6, 7, 7, 7, 7]])
})

test('rows are numbers of a vector too, and lists beside others', async () => {
  const { count, outer, results } = await optimized({ x: { dims: [3], data: Float32Array.of(1, 2, 3) } }, (b, { x }) => {
    const list = b.constant('float32', [4], [1, 0, 0, 0])
    return loop(b, limit(b, 3), [list, b.scalar(0), b.constant('float32', [3], [5, 5, 5])], (inner, i, [products, total, squares]) => {
      const next = inner.op('Mul', [row(inner, products!, i), row(inner, x!, i)])
      const square = inner.op('Mul', [row(inner, x!, i), row(inner, x!, i)])
      const sum = inner.op('Add', [total!, inner.reshape(next, [])])
      return [withRow(inner, products!, plus(inner, i, 1), next), sum, withRow(inner, squares!, i, square)]
    })
  })
  expect(results).toEqual([[1, 1, 2, 6], [9], [1, 4, 9]])
  expect([count('ScatterND'), outer.filter((op) => op === 'ScatterND').length]).toEqual([2, 2])
})

test('how often is only known in a run, none at all too', async () => {
  for (const [steps, expected] of [
    [3, [10, 20, 11, 22, 14, 26, 19, 32]],
    [1, [10, 20, 11, 22, 0, 0, 0, 0]],
    [0, [10, 20, 0, 0, 0, 0, 0, 0]],
    [-2, [10, 20, 0, 0, 0, 0, 0, 0]],
  ] as const) {
    const { behind, results } = await carried({ x: xs, n: { dims: [1], type: 'int32', data: Int32Array.of(steps) } }, (b, { x, n }) =>
      loop(b, n!, [b.constant('float32', [4, 2], [10, 20, 0, 0, 0, 0, 0, 0])], sums(x!)),
    )
    expect(behind).toBe(true)
    expect(results).toEqual([expected])
  }
})

test('a list stays a loop variable where its rows are not all that a loop has of it', async () => {
  const kept = async (turn: (inner: GraphBuilder, i: Value, list: Value, x: Value) => Value, differences?: Parameters<typeof loop>[4]) => {
    const { behind } = await carried({ x: xs }, (b, { x }) =>
      loop(b, limit(b, 3), [zeros(b, 8)], (inner, i, [list]) => [turn(inner, i, list!, x!)], differences),
    )
    return !behind
  }
  const doubled = (inner: GraphBuilder, i: Value) => inner.op('Add', [i, i])
  const sum = (inner: GraphBuilder, i: Value, list: Value, x: Value) => sums(x)(inner, i, [list])[0]!
  expect({
    'ends early': await kept(sum, {
      goesOn: (inner, [list]) => inner.reshape(inner.op('Less', [inner.op('ReduceMax', [list!], { keepdims: 0 }), inner.scalar(3)]), []),
    }),
    'counts in twos': await kept(sum, { step: 2 }),
    'reads an older row': await kept((inner, i, list, x) =>
      withRow(inner, list, plus(inner, i, 2), inner.op('Add', [row(inner, list, i), row(inner, x, i)])),
    ),
    'reads the row that is written next': await kept((inner, i, list, x) =>
      withRow(inner, list, i, inner.op('Add', [row(inner, list, i), row(inner, x, i)])),
    ),
    'reads all rows': await kept((inner, i, list, x) =>
      withRow(inner, list, i, inner.op('Add', [inner.op('ReduceSum', [list, inner.ints([0])]), row(inner, x, i)])),
    ),
    'writes elsewhere': await kept((inner, i, list, x) => withRow(inner, list, doubled(inner, i), row(inner, x, i))),
    'writes from the end': await kept((inner, i, list, x) => withRow(inner, list, plus(inner, i, -2), row(inner, x, i))),
    'adds where it has added': await kept((inner, i, list, x) =>
      withRow(inner, list, inner.constant('int32', [1], [1]), row(inner, x, i), 'add'),
    ),
    'has no row before': await kept((inner, i, list, x) =>
      withRow(inner, list, i, inner.op('Add', [row(inner, list, plus(inner, i, -1)), row(inner, x, i)])),
    ),
  }).toEqual({
    'ends early': true,
    'counts in twos': true,
    'reads an older row': true,
    'reads the row that is written next': true,
    'reads all rows': true,
    'writes elsewhere': true,
    'writes from the end': true,
    'adds where it has added': true,
    'has no row before': true,
  })
})

test('a list stays a loop variable where what it becomes is read', async () => {
  const { behind } = await carried({ x: xs }, (b, { x }) =>
    loop(b, limit(b, 3), [zeros(b, 4), b.scalar(0)], (inner, i, [list]) => {
      const written = sums(x!)(inner, i, [list!])[0]!
      return [written, inner.op('ReduceSum', [written], { keepdims: 0 })]
    }),
  )
  expect(behind).toBe(false)
})

test('indices that converters and lowering bring into bounds are what the loop counts, where it counts within them', async () => {
  const wrapped = async (
    modulus: number,
    { size = 3, end = 3, ...differences }: { size?: number; end?: number } & Parameters<typeof loop>[4] = {},
  ) => {
    const { count } = await optimized({ x: xs }, (b, { x }) =>
      loop(
        b,
        limit(b, end),
        [b.constant('float32', [1, 2], [0, 0])],
        (inner, i, [sum]) => {
          const rest = inner.op('Mod', [inner.cast(i, 'int64'), inner.scalar(modulus, 'int64')])
          const [zero, rows] = [0, size].map((number) => inner.scalar(number, 'int64'))
          const outside = inner.op('Or', [inner.op('Less', [rest, zero!]), inner.op('GreaterOrEqual', [rest, rows!])])
          return [inner.op('Add', [sum!, row(inner, x!, inner.op('Where', [outside, zero!, rest]))])]
        },
        differences,
      ),
    )
    return count('Mod') + count('Where')
  }
  expect(await wrapped(3)).toBe(0)
  expect(await wrapped(2)).toBe(2)
  expect(await wrapped(3, { size: 2 })).toBe(2)
  expect(await wrapped(3, { start: -2 })).toBe(2)
  expect(await wrapped(2, { start: 2, end: 2, begins: true })).toBe(2)
})

test('an index that is cast to a smaller type is not what the loop counts', async () => {
  const { results } = await optimized({ x: xs }, (b, { x }) => {
    const types = { bool: Array(3), uint8: Array(300) }
    return Object.entries(types).flatMap(([type, turns]) =>
      loop(b, limit(b, turns.length), [b.constant('float32', [1, 2], [0, 0])], (inner, i, [sum]) => {
        const index = inner.op('Mod', [inner.cast(inner.cast(i, type as 'bool' | 'uint8'), 'int32'), inner.constant('int32', [1], [400])])
        const inside = inner.op('Where', [inner.op('Less', [index, inner.scalar(3, 'int32')]), index, inner.scalar(0, 'int32')])
        return [inner.op('Add', [sum!, row(inner, x!, inside)])]
      }),
    )
  })
  // Rows 0, 1 and 1; and 0 to 2 at the first three turns and at the three behind the 256th one, and 0 at the others.
  expect(results).toEqual([
    [7, 10],
    [2 * 9 + 294, 2 * 12 + 294 * 2],
  ])
})

test('lists with room for all that a loop writes do not grow, and others do', async () => {
  const within = async (name: string) => {
    const graph = await optimizedFixture(name)
    const writes = nodesOf(graph).filter(({ opType }) => opType === 'ScatterND')
    const loops = nodesOf(graph).filter(({ opType }) => opType === 'Loop')
    expect(loops).toHaveLength(1)
    return writes.filter((write) => !graph.nodes.includes(write)).length
  }
  expect(await within('list-of-results')).toBe(0)
  expect(await within('list-of-results-flexible')).toBe(0)
  expect(await within('lists')).toBe(1)
})
