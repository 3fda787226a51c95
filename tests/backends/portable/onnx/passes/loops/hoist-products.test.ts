import { expect, test } from 'vitest'
import type { Dim, Value } from '../../../../../../src/backends/portable/onnx/value.ts'
import { loop, optimized, plus, row } from './loop.ts'

/** How a loop over the rows of a sequence differs from one that sums their products with a weight. */
interface Differences {
  steps?: number
  /** How many steps the graph knows of. */
  declared?: Dim
  batch?: number
  /** Steps that there are rows for and that are not gone. */
  fewer?: number
  start?: number
  /** Where the row of a step is, from its number on. */
  taken?: number
  bias?: readonly number[]
  ofState?: boolean
}

const size = 3

/** How many products are computed in the loop, and how many before it. */
async function products({ steps = 4, declared = steps, batch = 2, fewer = 0, start = 0, taken = 0, bias, ofState }: Differences = {}) {
  const inputs = {
    x: { dims: [steps, batch, size], declared: [declared, batch, size] },
    weight: { dims: [size, size] },
    ...(bias && { bias: { dims: bias } }),
  }
  const { count, outer, results } = await optimized(inputs, (b, given) => {
    const { x, weight } = given as { x: Value; weight: Value }
    const length = b.op('Sub', [b.slice(b.shape(x), [0], [0], [1]), b.ints([fewer])])
    const zeros = b.constant('float32', [batch, size], new Float32Array(batch * size))
    return loop(
      b,
      b.cast(length, 'int32'),
      [zeros],
      (inner, i, [state]) => {
        const rows = inner.reshape(row(inner, x, taken === 0 ? i : plus(inner, i, taken)), [batch, size])
        const product = inner.op('Gemm', [ofState ? inner.op('Add', [rows, state!]) : rows, weight, given.bias], { transB: 1 })
        return [inner.op('Tanh', [inner.op('Add', [product, state!])])]
      },
      { start },
    )
  })
  const before = outer.filter((opType) => opType === 'Gemm').length
  return { inside: count('Gemm') - before, before, results }
}

test('products of the rows that a loop goes through are computed before it', async () => {
  for (const batch of [1, 2]) {
    for (const bias of [undefined, [size], [1, size]]) {
      expect(await products({ batch, bias })).toMatchObject({ inside: 0, before: 1 })
    }
  }
})

test('of as many rows as there are, none too', async () => {
  for (const steps of [3, 0]) expect(await products({ steps, declared: null })).toMatchObject({ inside: 0, before: 1 })
})

test('other products stay in the loop', async () => {
  const others: Differences[] = [{ ofState: true }, { fewer: 1 }, { start: 1 }, { taken: -1 }, { bias: [2, size] }, { bias: [2, 1] }]
  for (const other of others) expect(await products(other), JSON.stringify(other)).toMatchObject({ inside: 1, before: 0 })
})
