import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../../src/backends/portable/onnx/builder.ts'
import type { Dim, Value } from '../../../../../../src/backends/portable/onnx/value.ts'
import { elementCount } from '../../../../../../src/model/tensor.ts'
import { loop, nodesOf, optimized, optimizedFixture, plus, row, withRow } from './loop.ts'

describe("PyTorch's GRU as coremltools writes it becomes GRU", () => {
  test.each([
    ['gru-layers', 4],
    ['gru-state', 1],
    ['gru-no-bias', 1],
    ['gru-flexible', 2],
    ['gru-half', 1],
    ['gru-half-flexible', 1],
  ])('%s', async (name, layers) => {
    const graph = await optimizedFixture(name)
    expect(nodesOf(graph).filter(({ opType }) => opType === 'GRU')).toHaveLength(layers)
    expect(graph.nodes.map(({ opType }) => opType)).not.toContain('Loop')
  })
})

// As many inputs as states: what is computed of the one could be of the other.
const [batch, inputs, size] = [2, 4, 4]

/** The values of one turn. */
interface Turn {
  inner: GraphBuilder
  /** Products with the input and with the state, with biases. */
  ofInput: (gate: number) => Value
  ofState: (gate: number) => Value
  h: Value
}

const sigmoid = ({ inner, ofInput, ofState }: Turn, gate: number) => inner.op('Sigmoid', [inner.op('Add', [ofState(gate), ofInput(gate)])])
const update = (turn: Turn) => sigmoid(turn, 1)
const candidate = (turn: Turn) => {
  const { inner, ofInput, ofState } = turn
  return inner.op('Tanh', [inner.op('Add', [inner.op('Mul', [ofState(2), sigmoid(turn, 0)]), ofInput(2)])])
}
const mixed = ({ inner, h }: Turn, z: Value, n: Value) =>
  inner.op('Add', [inner.op('Mul', [h, z]), inner.op('Mul', [n, inner.op('Sub', [inner.scalar(1), z])])])
const gru = (turn: Turn) => mixed(turn, update(turn), candidate(turn))

/** How a loop over a sequence differs from that of a GRU. */
interface Differences {
  steps?: number
  /** How many steps the graph knows of. */
  declared?: Dim
  /** Where the row of a step is, from its number on. */
  taken?: number
  /** Steps that there are rows for and that are not gone. */
  fewer?: number
  start?: number
  /** Whether there are two variables of the state. */
  givesTwice?: boolean
  /** An element of the second step. */
  odd?: number
}

function weight(b: GraphBuilder, seed: number, dims: readonly number[]): Value {
  return b.constant(
    'float32',
    dims,
    Float32Array.from({ length: elementCount(dims) }, (_, index) => Math.sin(seed + 7 * index)),
  )
}

/** A loop over the rows of a sequence, as coremltools writes it, whose next state is `next`; what onnxruntime computes instead. */
function recurrent(
  next: (turn: Turn) => Value,
  { steps = 5, declared = steps, taken = 0, fewer = 0, start = 0, givesTwice = false, odd = 0.5 }: Differences = {},
) {
  const dims = [steps, batch, inputs]
  const data = Float32Array.from({ length: elementCount(dims) }, (_, index) => (index === batch * inputs + 1 ? odd : Math.random() - 0.5))
  const given = { x: { dims, declared: [declared, batch, inputs], data }, h0: { dims: [1, batch, size] } }
  return optimized(given, (b, { x, h0 }) => {
    const length = b.slice(b.shape(x!), [0], [0], [1])
    const rest = b.op(
      'Expand',
      [b.scalar(0), b.concat([length, b.ints([batch, size])], 0)],
      {},
      { types: [{ type: 'float32', dims: [declared, batch, size] }] },
    )
    const limit = b.cast(b.op('Sub', [length, b.ints([fewer])]), 'int32')
    const variables = [b.concat([h0!, rest], 0), ...(givesTwice ? [b.reshape(h0!, [batch, size])] : [])]
    return loop(
      b,
      limit,
      variables,
      (inner, i, [list]) => {
        const x_t = inner.reshape(row(inner, x!, taken === 0 ? i : plus(inner, i, taken)), [batch, inputs])
        const h = inner.reshape(row(inner, list!, i), [batch, size])
        const linear = (value: Value, seed: number) =>
          inner.op('Gemm', [value, weight(b, seed, [size, value.dims[1]!]), weight(b, seed + 10, [size])], { transB: 1 })
        const state = next({ inner, h, ofInput: (gate) => linear(x_t, gate), ofState: (gate) => linear(h, gate + 3) })
        const written = withRow(inner, list!, plus(inner, i, 1), inner.unsqueeze(state, [0]), 'add')
        return [written, ...(givesTwice ? [state] : [])]
      },
      { start },
    )
  })
}

test('whatever the order of what is added and multiplied', async () => {
  const { count } = await recurrent(gru)
  expect(count('GRU')).toBe(1)
})

test('of as many steps as there are, none too', async () => {
  for (const steps of [3, 1, 0]) {
    const { count, results } = await recurrent(gru, { steps, declared: null })
    expect(count('GRU')).toBe(1)
    expect(results[0]).toHaveLength((steps + 1) * batch * size)
  }
})

test('where a state is not a number, or what is gone through is not finite', async () => {
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, -3e38]) {
    for (const declared of [5, null]) {
      const { count } = await recurrent(gru, { odd, declared })
      expect(count('GRU')).toBe(1)
    }
  }
})

describe('loops that only look like it stay loops', () => {
  test.each<[string, (turn: Turn) => Value, Parameters<typeof recurrent>[1]?]>([
    [
      'reset before the product',
      (turn) => {
        const { inner, h, ofInput } = turn
        const reset = inner.op('Mul', [sigmoid(turn, 0), h])
        const product = inner.op('Gemm', [reset, inner.constant('float32', [size, size], new Float32Array(16).fill(0.1))], { transB: 1 })
        return mixed(turn, update(turn), inner.op('Tanh', [inner.op('Add', [ofInput(2), product])]))
      },
    ],
    [
      'reset of the input',
      (turn) => {
        const { inner, ofInput, ofState } = turn
        const n = inner.op('Tanh', [inner.op('Add', [inner.op('Mul', [ofInput(2), sigmoid(turn, 0)]), ofState(2)])])
        return mixed(turn, update(turn), n)
      },
    ],
    [
      'update the other way round',
      (turn) => {
        const { inner, h } = turn
        const z = update(turn)
        return inner.op('Add', [inner.op('Mul', [z, candidate(turn)]), inner.op('Mul', [inner.op('Sub', [inner.scalar(1), z]), h])])
      },
    ],
    [
      'shares that are not of one',
      (turn) => {
        const { inner, h } = turn
        const z = update(turn)
        return inner.op('Add', [inner.op('Mul', [h, z]), inner.op('Mul', [candidate(turn), inner.op('Sub', [inner.scalar(2), z])])])
      },
    ],
    [
      'two update gates',
      (turn) => {
        const { inner, h } = turn
        return inner.op('Add', [
          inner.op('Mul', [h, update(turn)]),
          inner.op('Mul', [candidate(turn), inner.op('Sub', [inner.scalar(1), sigmoid(turn, 0)])]),
        ])
      },
    ],
    [
      'another activation',
      (turn) => {
        const { inner, ofInput, ofState } = turn
        const n = inner.op('Relu', [inner.op('Add', [inner.op('Mul', [ofState(2), sigmoid(turn, 0)]), ofInput(2)])])
        return mixed(turn, update(turn), n)
      },
    ],
    [
      'gates of the input alone',
      (turn) => {
        const { inner, ofInput } = turn
        return mixed(turn, inner.op('Sigmoid', [inner.op('Add', [ofInput(1), ofInput(0)])]), candidate(turn))
      },
    ],
    ['a bound of the state', (turn) => turn.inner.op('Clip', [gru(turn), turn.inner.scalar(-0.1), turn.inner.scalar(0.1)])],
    [
      'gates of the state alone',
      (turn) => {
        const { inner, ofState } = turn
        return mixed(turn, inner.op('Sigmoid', [inner.op('Add', [ofState(1), ofState(0)])]), candidate(turn))
      },
    ],
    ['a row from the end', gru, { taken: -1 }],
    ['fewer steps than rows', gru, { fewer: 1 }],
    ['from the second row on', gru, { start: 1 }],
    ['the state twice', gru, { givesTwice: true }],
  ])('%s', async (_name, next, options) => {
    const { count } = await recurrent(next, options)
    expect(count('GRU')).toBe(0)
  })
})
