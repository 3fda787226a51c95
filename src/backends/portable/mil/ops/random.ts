import { categorical, normal, uniform } from '../../onnx/random.ts'
import type { Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'

/** The op's shape parameter as int64 vector. Where its length is left open, the program declares a rank all the same. */
function shapeOf(op: OpContext): Value {
  const known = op.known('shape')
  return known ? op.builder.ints(known) : { ...op.builder.cast(op.input('shape'), 'int64'), dims: [op.output().dims.length] }
}

const seedOf = (op: OpContext) => BigInt(op.number('seed', -1))

function scaled({ builder }: OpContext, drawn: Value, scale: number, offset: number): Value {
  return builder.op('Add', [builder.op('Mul', [drawn, builder.scalar(scale)]), builder.scalar(offset)])
}

/** Random numbers. Apple's generator is not public: the distributions are the same, the numbers are others. */
export const random: LoweringTable = {
  random_bernoulli: (op) => {
    const { builder } = op
    const drawn = uniform(builder, shapeOf(op), seedOf(op))
    return builder.cast(builder.op('Less', [drawn, builder.scalar(op.number('prob', 0.5))]), 'float32')
  },
  random_categorical: (op) => {
    const { builder } = op
    const x = op.input('x')
    const weights = op.string('mode', 'logits') === 'probs' ? x : builder.op('Softmax', [x], { axis: -1 })
    return builder.cast(categorical(builder, weights, op.number('size', 1), seedOf(op)), 'int32')
  },
  random_normal: (op) => scaled(op, normal(op.builder, shapeOf(op), seedOf(op)), op.number('stddev', 1), op.number('mean', 0)),
  random_uniform: (op) => {
    const low = op.number('low', 0)
    return scaled(op, uniform(op.builder, shapeOf(op), seedOf(op)), op.number('high', 1) - low, low)
  },
}
