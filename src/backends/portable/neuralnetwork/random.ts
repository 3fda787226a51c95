import type { GraphBuilder } from '../onnx/builder.ts'
import type { Value } from '../onnx/value.ts'

/**
 * Random numbers from a counter: element i of a tensor is a hash of i and the seed. So they depend on nothing but seed and shape,
 * whatever ran before, and work for shapes that only a run tells. A seed of -1 draws a new one for every prediction.
 */

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

/** A whole number that each run draws anew. */
function drawInt(graph: GraphBuilder, low: number, high: number): Value {
  return graph.cast(graph.op('RandomUniform', [], { shape: [], low, high }), 'int32')
}

/** What tells one stream of numbers from another: a hash of seed and stream, drawn anew at each run where the seed is -1. */
function key(graph: GraphBuilder, seed: bigint, stream: number): Value {
  const low = Number(BigInt.asUintN(32, seed))
  const high = Number(BigInt.asUintN(32, seed >> 32n))
  const fixed = mixNumber(mixNumber(low ^ mixNumber(high)) + stream)
  if (seed !== -1n) return graph.scalar(fixed | 0, 'int32')
  return graph.op('Add', [drawInt(graph, -2147483648, 2147483520), graph.scalar(fixed | 0, 'int32')])
}

/** Number of elements of a shape, as int32 scalar. */
function countOf(graph: GraphBuilder, shape: Value): Value {
  return graph.cast(graph.op('ReduceProd', [shape, graph.ints([0])], { keepdims: 0 }), 'int32')
}

/** Hashes of 0, 1, 2, … as int32 vector: what every stream of numbers is made from. */
function hashedCounter(graph: GraphBuilder, count: Value): Value {
  // "Drawn" from nothing but 0, so that onnxruntime does not compute all this when it loads the model, and keep it.
  const counter = graph.op('Range', [drawInt(graph, 0, 0.5), count, graph.scalar(1, 'int32')])
  return graph.cast(mix(graph, graph.cast(counter, 'uint32')), 'int32')
}

/** Evenly distributed 32-bit numbers of a stream, as uint32 vector. Hashed twice, with the key in between: shifted keys give no shifted sequences. */
function bits(graph: GraphBuilder, hashes: Value, seed: bigint, stream = 0): Value {
  return mix(graph, graph.cast(graph.op('Add', [hashes, key(graph, seed, stream)]), 'uint32'))
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

/** Numbers of [0, 1), 24 bits fine. */
export function uniform(graph: GraphBuilder, shape: Value, seed: bigint): Value {
  return shaped(graph, unit(graph, bits(graph, hashedCounter(graph, countOf(graph, shape)), seed)), shape)
}

/** Standard normal numbers (Box and Muller's method: two even numbers make two normal ones). */
export function normal(graph: GraphBuilder, shape: Value, seed: bigint): Value {
  const count = countOf(graph, shape)
  const pairs = graph.op('Div', [graph.op('Add', [count, graph.scalar(1, 'int32')]), graph.scalar(2, 'int32')])
  const hashes = hashedCounter(graph, pairs)
  // All 32 bits for the radius, which has the tail: (bits + ½) / 2^32, never 0.
  const drawn = graph.cast(bits(graph, hashes, seed), 'float32')
  const open = graph.op('Mul', [graph.op('Add', [drawn, graph.scalar(0.5)]), graph.scalar(2 ** -32)])
  const radius = graph.op('Sqrt', [graph.op('Mul', [graph.op('Log', [graph.op('Min', [open, graph.scalar(1)])]), graph.scalar(-2)])])
  const angle = graph.op('Mul', [unit(graph, bits(graph, hashes, seed, 1)), graph.scalar(2 * Math.PI)])
  const both = ['Cos', 'Sin'].map((opType) => graph.op('Mul', [radius, graph.op(opType, [angle])]))
  // Of an odd number the last one is not needed.
  const end = graph.reshape(graph.cast(count, 'int64'), [1])
  const numbers = graph.op('Slice', [graph.concat(both, 0), graph.ints([0]), end], {}, { types: [{ type: 'float32', dims: [null] }] })
  return shaped(graph, numbers, shape)
}

/** Draws `count` indices from softmax(logits) over the last dimension: [..., classes] → [..., count]. */
export function categorical(graph: GraphBuilder, logits: Value, count: number, seed: bigint): Value {
  const rank = logits.dims.length
  const probabilities = graph.op('Softmax', [logits], { axis: rank - 1 })
  const upTo = graph.op('CumSum', [probabilities, graph.scalar(rank - 1, 'int64')])
  // Rounding must not leave room behind the last class.
  const bounds = graph.slice(upTo, [rank - 1], [0], [-1])
  const leading = graph.dims(logits).slice(0, -1)
  const drawn = uniform(graph, graph.shapeVector([...leading, count]), seed)
  const above = graph.op('GreaterOrEqual', [graph.unsqueeze(drawn, [rank]), graph.unsqueeze(bounds, [rank - 1])])
  return graph.op('ReduceSum', [graph.cast(above, 'float32'), graph.ints([rank])], { keepdims: 0 })
}
