import type { GraphBuilder } from './builder.ts'
import { constantNumbers, type Value } from './value.ts'

/**
 * Random numbers from a counter: element i of a tensor is a hash of i and the seed. So they depend on nothing but seed and shape,
 * whatever ran before, and work for shapes that only a run tells. Those of seed -1 are onnxruntime's own, others in every prediction.
 *
 * Each step is a pass over memory, which is what takes the time: as few as good numbers need, and over a part at a time, which stays in the cache.
 */

/** Elements of a part. */
const partSize = 2 ** 17

/** A 32-bit mixing function, as constants of xor-shifts and multiplications. */
const rounds = [
  { shift: 16, multiplier: 0x7feb352d },
  { shift: 15, multiplier: 0x846ca68b },
] as const
const lastShift = 16

function mixNumber(value: number): number {
  let x = value >>> 0
  for (const { shift, multiplier } of rounds) x = Math.imul(x ^ (x >>> shift), multiplier) >>> 0
  return (x ^ (x >>> lastShift)) >>> 0
}

function mix(graph: GraphBuilder, value: Value): Value {
  const typed = (opType: string, inputs: Value[], attributes = {}) =>
    graph.op(opType, inputs, attributes, { types: [{ type: inputs[0]!.type, dims: inputs[0]!.dims }] })
  const xorShift = (x: Value, shift: number) =>
    typed('BitwiseXor', [x, typed('BitShift', [x, graph.scalar(shift, 'uint32')], { direction: 'RIGHT' })])
  let x = value
  for (const { shift, multiplier } of rounds) {
    // onnxruntime multiplies signed integers only; modulo 2^32 the bits are the same.
    const product = typed('Mul', [graph.cast(xorShift(x, shift), 'int32'), graph.scalar(multiplier | 0, 'int32')])
    x = graph.cast(product, 'uint32')
  }
  return xorShift(x, lastShift)
}

/** What tells the numbers of one seed from another's: a hash of the seed as int32 scalar. */
function key(graph: GraphBuilder, seed: bigint): Value {
  const low = Number(BigInt.asUintN(32, seed))
  const high = Number(BigInt.asUintN(32, seed >> 32n))
  // "Drawn" between 0 and ½, so that onnxruntime does not compute all numbers when it loads the model, and keep them.
  const nothing = graph.cast(graph.op('RandomUniform', [], { shape: [], low: 0, high: 0.5 }), 'int32')
  return graph.op('Add', [nothing, graph.scalar(mixNumber(low ^ mixNumber(high)) | 0, 'int32')])
}

/** Number of elements of a shape, as int32 scalar. */
function countOf(graph: GraphBuilder, shape: Value): Value {
  return graph.cast(graph.op('ReduceProd', [shape, graph.ints([0])], { keepdims: 0 }), 'int32')
}

/** Makes a vector of numbers from the indices `begin` … `begin + count` - 1 (int32 scalars). */
type Draw = (graph: GraphBuilder, begin: Value, count: Value) => Value

/**
 * Evenly distributed 32-bit numbers as uint32 vector: hashes of a counter that begins at the key and goes in steps of an odd number, made of
 * the key too, so that no two seeds give the same numbers shifted.
 */
function bits(graph: GraphBuilder, seed: bigint): Draw {
  const first = key(graph, seed)
  const step = graph.op('Add', [graph.op('Mul', [first, graph.scalar(0x5bd1e996, 'int32')]), graph.scalar(1, 'int32')])
  return (inner, begin, count) => {
    const counter = inner.op('Range', [begin, inner.op('Add', [begin, count]), inner.scalar(1, 'int32')])
    return mix(inner, inner.cast(inner.op('Add', [inner.op('Mul', [counter, step]), first]), 'uint32'))
  }
}

/**
 * A vector of `count` numbers (int32 scalar), drawn part by part.
 * @param each how many numbers `draw` makes of an index
 */
function inParts(graph: GraphBuilder, count: Value, each: 1 | 2, draw: Draw): Value {
  const int = (number: number) => graph.scalar(number, 'int32')
  const indices = each === 1 ? count : graph.op('Div', [graph.op('Add', [count, int(1)]), int(2)])
  const known = constantNumbers(indices)?.[0]
  const end = graph.reshape(graph.cast(count, 'int64'), [1])
  const cut = (numbers: Value) => graph.op('Slice', [numbers, graph.ints([0]), end], {}, { types: [{ type: 'float32', dims: [null] }] })
  if (known !== undefined && known <= partSize) {
    const all = draw(graph, int(0), indices)
    return each === 1 ? all : cut(all)
  }
  const part = graph.op('Max', [graph.op('Min', [indices, int(partSize)]), int(1)])
  const begins = graph.op('Range', [int(0), graph.op('Max', [indices, int(1)]), part])
  const { graph: body } = graph.subgraph([{ type: 'int32', dims: [] }], (inner, [begin]) => [draw(inner, begin!, part)])
  const types = [{ type: 'float32' as const, dims: [null, null] }]
  const [parts] = graph.ops('Scan', [begins], { body, num_scan_inputs: 1 }, { types })
  return cut(graph.op('Reshape', [parts!, graph.ints([-1])], {}, { types: [{ type: 'float32', dims: [null] }] }))
}

/** Numbers of [0, 1) from 32-bit ones, 24 bits fine. */
function unit(graph: GraphBuilder, drawn: Value): Value {
  const types = [{ type: drawn.type, dims: drawn.dims }]
  const top = graph.op('BitShift', [drawn, graph.scalar(8, 'uint32')], { direction: 'RIGHT' }, { types })
  return graph.op('Mul', [graph.cast(top, 'float32'), graph.scalar(2 ** -24)])
}

/** A vector in the shape that an int64 vector says, 0 being a dimension of no elements. */
function shaped(graph: GraphBuilder, vector: Value, shape: Value): Value {
  const { dims } = graph.op('Expand', [graph.scalar(0), shape])
  return graph.op('Reshape', [vector, shape], { allowzero: 1 }, { types: [{ type: vector.type, dims }] })
}

/** Numbers of onnxruntime's generators, which go on from prediction to prediction. */
function unseeded(graph: GraphBuilder, opType: string, shape: Value, attributes: Record<string, number>): Value {
  return graph.op(opType, [graph.op('Expand', [graph.scalar(0), shape])], { ...attributes, dtype: 'float32' })
}

/** Numbers of [0, 1), 24 bits fine. */
export function uniform(graph: GraphBuilder, shape: Value, seed: bigint): Value {
  if (seed === -1n) return unseeded(graph, 'RandomUniformLike', shape, { low: 0, high: 1 - 2 ** -24 })
  const drawn = bits(graph, seed)
  return shaped(
    graph,
    inParts(graph, countOf(graph, shape), 1, (inner, ...range) => unit(inner, drawn(inner, ...range))),
    shape,
  )
}

/** Standard normal numbers (Box and Muller's method: two even numbers make two normal ones). */
export function normal(graph: GraphBuilder, shape: Value, seed: bigint): Value {
  if (seed === -1n) return unseeded(graph, 'RandomNormalLike', shape, { mean: 0, scale: 1 })
  const drawn = bits(graph, seed)
  const numbers = inParts(graph, countOf(graph, shape), 2, (inner, ...range) => pairsOf(inner, drawn(inner, ...range)))
  return shaped(graph, numbers, shape)
}

/** Two normal numbers of each even one. */
function pairsOf(graph: GraphBuilder, drawn: Value): Value {
  // All 32 bits for the radius, which has the tail: (bits + ½) / 2^32, never 0.
  const open = graph.op('Mul', [graph.op('Add', [graph.cast(drawn, 'float32'), graph.scalar(0.5)]), graph.scalar(2 ** -32)])
  const radius = graph.op('Sqrt', [graph.op('Mul', [graph.op('Log', [open]), graph.scalar(-2)])])
  const angle = graph.op('Mul', [unit(graph, mix(graph, drawn)), graph.scalar(2 * Math.PI)])
  const both = ['Cos', 'Sin'].map((opType) => graph.op('Mul', [radius, graph.op(opType, [angle])]))
  return graph.concat(both, 0)
}

/** Draws `count` indices by the weights of the last dimension, which need not add up to 1: [..., classes] → float32 [..., count]. */
export function categorical(graph: GraphBuilder, weights: Value, count: number, seed: bigint): Value {
  const rank = weights.dims.length
  const upTo = graph.op('CumSum', [weights, graph.scalar(rank - 1, 'int64')])
  // Rounding must not leave room behind the last class.
  const bounds = graph.slice(upTo, [rank - 1], [0], [-1])
  const leading = graph.dims(weights).slice(0, -1)
  const total = graph.op('ReduceSum', [weights, graph.ints([rank - 1])])
  const drawn = graph.op('Mul', [uniform(graph, graph.shapeVector([...leading, count]), seed), total])
  const above = graph.op('GreaterOrEqual', [graph.unsqueeze(drawn, [rank]), graph.unsqueeze(bounds, [rank - 1])])
  return graph.op('ReduceSum', [graph.cast(above, 'float32'), graph.ints([rank])], { keepdims: 0 })
}
