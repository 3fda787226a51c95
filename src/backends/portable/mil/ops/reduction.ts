import type { Lowering, LoweringTable } from '../context.ts'

/** A reduction over axes; those that leave the integers are computed in float32. */
function reduce(opType: string, inFloat = false): Lowering {
  return (op) => {
    const { builder } = op
    const x = op.input('x')
    const axes = op.has('axes') ? op.ints('axes') : null
    const converted = inFloat && x.type !== 'float32' ? builder.cast(x, 'float32') : x
    // Over no axes, every element is reduced on its own; ONNX would take all of them.
    const single = axes?.length === 0
    const values = single ? builder.unsqueeze(converted, [x.dims.length]) : converted
    const over = single ? [x.dims.length] : axes
    const attributes = { keepdims: op.bool('keep_dims', false) && !single ? 1 : 0 }
    return builder.cast(builder.op(opType, [values, over && builder.ints(over)], attributes), x.type)
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
