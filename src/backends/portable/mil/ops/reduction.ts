import type { Lowering, LoweringTable } from '../context.ts'

/** A reduction over axes; those that leave the integers are computed in float32. */
function reduce(opType: string, inFloat = false): Lowering {
  return (op) => {
    const { builder } = op
    const x = op.input('x')
    const axes = op.has('axes') ? builder.ints(op.ints('axes')) : null
    const converted = inFloat && x.type !== 'float32' ? builder.cast(x, 'float32') : x
    const attributes = { keepdims: op.bool('keep_dims', false) ? 1 : 0 }
    if (axes?.dims[0] === 0) return x
    return builder.cast(builder.op(opType, [converted, axes], attributes), x.type)
  }
}

function argument(opType: string): Lowering {
  return (op) => {
    const attributes = { axis: op.number('axis', -1), keepdims: op.bool('keep_dims', false) ? 1 : 0 }
    return op.builder.op(opType, [op.input('x')], attributes)
  }
}

/** Reductions. */
export const reduction: LoweringTable = {
  reduce_argmax: argument('ArgMax'),
  reduce_argmin: argument('ArgMin'),
  reduce_l1_norm: reduce('ReduceL1'),
  reduce_l2_norm: reduce('ReduceL2', true),
  reduce_log_sum: reduce('ReduceLogSum', true),
  reduce_log_sum_exp: reduce('ReduceLogSumExp', true),
  reduce_max: reduce('ReduceMax'),
  reduce_mean: reduce('ReduceMean', true),
  reduce_min: reduce('ReduceMin'),
  reduce_prod: reduce('ReduceProd'),
  reduce_sum: reduce('ReduceSum'),
  reduce_sum_square: reduce('ReduceSumSquare'),
}
