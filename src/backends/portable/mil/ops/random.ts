import { elementCount } from '../../../../model/tensor.ts'
import type { GraphBuilder } from '../../onnx/builder.ts'
import { isStatic, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { range } from './common.ts'

/** Odd factors with well spread bits, below 2^31 so that products stay within 63 bits. */
const multipliers = [0x2c1b3c6d, 0x297a2d39] as const
const mask32 = 0xffffffff

/**
 * Random bits for the integers of `counter`: a function of counter and seed alone, so the same seed gives the same values in every prediction.
 * The steps stay within 64 bits: 32-bit words times 31-bit factors.
 */
function mixed(builder: GraphBuilder, counter: Value, seed: number): Value {
  const int = (value: number) => builder.scalar(value, 'int64')
  const wrap = (value: Value) => builder.op('BitwiseAnd', [value, int(mask32)])
  // Bits shifted down by a division: no word is negative.
  const fold = (value: Value, bits: number) => builder.op('BitwiseXor', [value, builder.op('Div', [value, int(2 ** bits)])])
  let word = wrap(builder.op('Add', [builder.op('Mul', [counter, int(0x1e3779b9)]), int((Math.imul(seed, 0x5bd1e995) >>> 0) + 0x3c6ef372)]))
  for (const multiplier of multipliers) word = wrap(builder.op('Mul', [fold(word, 16), int(multiplier)]))
  return fold(word, 15)
}

/** Numbers evenly spread over (0, 1), as many as `shape` says; a stream tells draws of one op apart. */
function uniform(op: OpContext, shape: Value, dims: Value['dims'], stream = 0): Value {
  const { builder } = op
  const seed = op.number('seed', -1)
  const count = isStatic(dims) ? elementCount(dims) : builder.op('ReduceProd', [shape], { keepdims: 0 })
  if (seed === -1) {
    // Different in every prediction.
    const zeros = builder.op('Expand', [builder.scalar(0), shape], {}, { types: [{ type: 'float32', dims }] })
    return builder.op('RandomUniformLike', [zeros], { low: 2 ** -25, high: 1 - 2 ** -24, dtype: 'float32' })
  }
  const numbers = mixed(builder, range(builder, count), seed + stream * 0x9e37)
  // 24 bits fit a float32 exactly; half a step keeps 0 out.
  const bits = builder.cast(builder.op('Div', [numbers, builder.scalar(256, 'int64')]), 'float32')
  const unit = builder.op('Mul', [builder.op('Add', [bits, builder.scalar(0.5)]), builder.scalar(2 ** -24)])
  return builder.op('Reshape', [unit, shape], {}, { types: [{ type: 'float32', dims }] })
}

/** The op's shape parameter as int64 vector, and what is known of it. */
function shapeOf(op: OpContext): [Value, Value['dims']] {
  const known = op.known('shape')
  if (known) return [op.builder.ints(known), known]
  return [op.builder.cast(op.input('shape'), 'int64'), op.output().dims]
}

function normal(op: OpContext): Value {
  const { builder } = op
  const [shape, dims] = shapeOf(op)
  // Box and Muller: two even numbers make a normal one.
  const radius = builder.op('Sqrt', [builder.op('Mul', [builder.op('Log', [uniform(op, shape, dims)]), builder.scalar(-2)])])
  const angle = builder.op('Mul', [uniform(op, shape, dims, 1), builder.scalar(2 * Math.PI)])
  const standard = builder.op('Mul', [radius, builder.op('Cos', [angle])])
  const scaled = builder.op('Mul', [standard, builder.scalar(op.number('stddev', 1))])
  return builder.op('Add', [scaled, builder.scalar(op.number('mean', 0))])
}

function categorical(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const size = op.number('size', 1)
  const probabilities = op.string('mode', 'logits') === 'probs'
  const weights = probabilities ? x : builder.op('Softmax', [x], { axis: -1 })
  const rank = x.dims.length
  const sums = builder.op('CumSum', [weights, builder.scalar(rank - 1, 'int64')])
  const total = builder.op('ReduceSum', [weights, builder.ints([rank - 1])])
  const shape = builder.shapeVector([...builder.dims(x).slice(0, -1), size])
  const draws = builder.op('Mul', [uniform(op, shape, [...x.dims.slice(0, -1), size]), total])
  // How many classes end before the drawn point?
  const passed = builder.op('LessOrEqual', [builder.unsqueeze(sums, [rank - 1]), builder.unsqueeze(draws, [rank])])
  const index = builder.op('ReduceSum', [builder.cast(passed, 'int32'), builder.ints([rank])], { keepdims: 0 })
  const last = builder.dim(x, -1)
  const bound = builder.op('Sub', [
    typeof last === 'number' ? builder.scalar(last, 'int32') : builder.cast(last, 'int32'),
    builder.scalar(1, 'int32'),
  ])
  return builder.op('Min', [index, bound])
}

/** Random numbers. Apple's generator is not public: the distributions are the same, the numbers are others. */
export const random: LoweringTable = {
  random_bernoulli: (op) => {
    const { builder } = op
    const drawn = uniform(op, ...shapeOf(op))
    return builder.cast(builder.op('Less', [drawn, builder.scalar(op.number('prob', 0.5))]), 'float32')
  },
  random_categorical: categorical,
  random_normal: normal,
  random_uniform: (op) => {
    const { builder } = op
    const low = op.number('low', 0)
    const scaled = builder.op('Mul', [uniform(op, ...shapeOf(op)), builder.scalar(op.number('high', 1) - low)])
    return builder.op('Add', [scaled, builder.scalar(low)])
  },
}
