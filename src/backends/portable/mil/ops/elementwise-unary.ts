import type { GraphBuilder } from '../../onnx/builder.ts'
import type { Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { computeType, integerRange, type MilDtype } from '../types.ts'
import { unary } from './common.ts'

/** `x` plus the op's epsilon. */
function plusEpsilon(op: OpContext, fallback: number): Value {
  const epsilon = op.number('epsilon', fallback)
  return epsilon === 0 ? op.input('x') : op.builder.op('Add', [op.input('x'), op.builder.scalar(epsilon)])
}

/** Converts between element types as C does: towards zero from float to integer, lowest bits between integers, anything but 0 is true. */
export function convert(builder: GraphBuilder, x: Value, to: MilDtype): Value {
  const target = computeType(to)
  if (target === 'bool') return builder.cast(x, 'bool')
  const range = integerRange(to)
  if (!range || x.type === 'bool') return builder.cast(x, target)
  const [low, high] = range
  const size = high - low + 1
  // Mod takes the sign of the divisor: what is left lies within the type's range.
  const whole = builder.cast(x, 'int64')
  const wrapped = builder.op('Mod', [builder.op('Sub', [whole, builder.scalar(low, 'int64')]), builder.scalar(size, 'int64')])
  return builder.cast(builder.op('Add', [wrapped, builder.scalar(low, 'int64')]), target)
}

/** Ops on each element of one tensor. */
export const elementwiseUnary: LoweringTable = {
  abs: unary('Abs'),
  acos: unary('Acos'),
  asin: unary('Asin'),
  atan: unary('Atan'),
  atanh: unary('Atanh'),
  cast: (op) => convert(op.builder, op.input('x'), op.output().dtype),
  ceil: unary('Ceil'),
  clip: (op) => {
    // Two steps, so that bounds in the wrong order give the upper one.
    const { builder } = op
    const x = op.input('x')
    const low = builder.scalar(op.number('alpha'), x.type)
    const high = builder.scalar(op.number('beta'), x.type)
    return op.number('alpha') <= op.number('beta')
      ? builder.op('Clip', [x, low, high])
      : builder.op('Min', [builder.op('Max', [x, low]), high])
  },
  cos: unary('Cos'),
  cosh: unary('Cosh'),
  erf: unary('Erf'),
  exp: unary('Exp'),
  exp2: (op) => {
    const { builder } = op
    const power = builder.op('Pow', [builder.scalar(2), builder.cast(op.input('x'), 'float32')])
    return builder.cast(power, op.input('x').type)
  },
  floor: unary('Floor'),
  inverse: (op) => op.builder.op('Reciprocal', [plusEpsilon(op, 1e-4)]),
  log: (op) => op.builder.op('Log', [plusEpsilon(op, 1e-45)]),
  logical_not: (op) => op.builder.op('Not', [op.builder.cast(op.input('x'), 'bool')]),
  round: unary('Round'),
  rsqrt: (op) => op.builder.op('Reciprocal', [op.builder.op('Sqrt', [plusEpsilon(op, 1e-12)])]),
  sign: unary('Sign'),
  sin: unary('Sin'),
  sinh: unary('Sinh'),
  sqrt: unary('Sqrt'),
  square: (op) => op.builder.op('Mul', [op.input('x'), op.input('x')]),
  tan: unary('Tan'),
  tanh: unary('Tanh'),
  threshold: (op) => {
    const x = op.input('x')
    return op.builder.op('Max', [x, op.builder.scalar(op.number('alpha'), x.type)])
  },
}
