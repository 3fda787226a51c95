import type { GraphBuilder } from '../../onnx/builder.ts'
import { constantNumbers, type Value } from '../../onnx/value.ts'
import type { Lowering, LoweringTable, OpContext } from '../context.ts'
import { isFloat } from '../types.ts'

/** Both inputs, in one type: the wider where a program mixes them. */
function operands(op: OpContext): [Value, Value] {
  const x = op.input('x')
  const y = op.input('y')
  if (x.type === y.type) return [x, y]
  const rank = ['bool', 'int32', 'int64', 'float32']
  const type = rank.indexOf(x.type) > rank.indexOf(y.type) ? x.type : y.type
  return [op.builder.cast(x, type), op.builder.cast(y, type)]
}

function binary(opType: string): Lowering {
  return (op) => op.builder.op(opType, operands(op))
}

/** Arithmetic on bool operands happens on their numbers. */
function arithmetic(opType: string): Lowering {
  return (op) => {
    const [x, y] = operands(op)
    return x.type === 'bool'
      ? op.builder.op(opType, [op.builder.cast(x, 'int32'), op.builder.cast(y, 'int32')])
      : op.builder.op(opType, [x, y])
  }
}

function logical(opType: string): Lowering {
  return (op) => op.builder.op(opType, [op.builder.cast(op.input('x'), 'bool'), op.builder.cast(op.input('y'), 'bool')])
}

/** The remainder with the sign of the divisor. */
function floorMod(builder: GraphBuilder, x: Value, y: Value): Value {
  if (x.type !== 'float32') return builder.op('Mod', [x, y])
  const remainder = builder.op('Mod', [x, y], { fmod: 1 })
  const zero = builder.scalar(0)
  const signsDiffer = builder.op('Less', [builder.op('Mul', [builder.op('Sign', [remainder]), builder.op('Sign', [y])]), zero])
  return builder.op('Where', [signsDiffer, builder.op('Add', [remainder, y]), remainder])
}

/** The quotient of integers, rounded down. */
function floorQuotient(builder: GraphBuilder, x: Value, y: Value): Value {
  // Integer division truncates: one too many where the remainders of both divisions differ.
  const truncated = builder.op('Mod', [x, y], { fmod: 1 })
  const more = builder.op('Not', [builder.op('Equal', [truncated, floorMod(builder, x, y)])])
  return builder.op('Sub', [builder.op('Div', [x, y]), builder.cast(more, x.type)])
}

/**
 * Divides integers as numpy does: by zero gives 0, and the least integer by -1 itself. For either, a processor may end the process, so that the division
 * is one of 64 bits, and by 1 in the place of 0.
 */
function dividing(divide: (builder: GraphBuilder, x: Value, y: Value) => Value): (builder: GraphBuilder, x: Value, y: Value) => Value {
  return (builder, x, y) => {
    const [dividend, divisor] = [builder.cast(x, 'int64'), builder.cast(y, 'int64')]
    if (constantNumbers(divisor)?.every((number) => number !== 0)) return builder.cast(divide(builder, dividend, divisor), x.type)
    const zero = builder.scalar(0, 'int64')
    const isZero = builder.op('Equal', [divisor, zero])
    const safe = builder.op('Where', [isZero, builder.scalar(1, 'int64'), divisor])
    return builder.cast(builder.op('Where', [isZero, zero, divide(builder, dividend, safe)]), x.type)
  }
}

const integerQuotient = dividing(floorQuotient)
const truncatedQuotient = dividing((builder, x, y) => builder.op('Div', [x, y]))
const integerRemainder = dividing(floorMod)

/** Ops on each pair of elements of two tensors, with broadcasting. */
export const elementwiseBinary: LoweringTable = {
  add: arithmetic('Add'),
  sub: arithmetic('Sub'),
  mul: arithmetic('Mul'),
  real_div: (op) => {
    const [x, y] = operands(op)
    if (x.type === 'float32') return op.builder.op('Div', [x, y])
    if (!isFloat(op.output().dtype)) return truncatedQuotient(op.builder, x, y)
    return op.builder.op('Div', [op.builder.cast(x, 'float32'), op.builder.cast(y, 'float32')])
  },
  floor_div: (op) => {
    const { builder } = op
    const [x, y] = operands(op)
    if (x.type === 'float32') return builder.op('Floor', [builder.op('Div', [x, y])])
    return integerQuotient(builder, x, y)
  },
  mod: (op) => {
    const [x, y] = operands(op)
    return (x.type === 'float32' ? floorMod : integerRemainder)(op.builder, x, y)
  },
  pow: binary('Pow'),
  maximum: binary('Max'),
  minimum: binary('Min'),
  equal: binary('Equal'),
  not_equal: (op) => op.builder.op('Not', [op.builder.op('Equal', operands(op))]),
  greater: arithmetic('Greater'),
  greater_equal: arithmetic('GreaterOrEqual'),
  less: arithmetic('Less'),
  less_equal: arithmetic('LessOrEqual'),
  logical_and: logical('And'),
  logical_or: logical('Or'),
  logical_xor: logical('Xor'),
}
