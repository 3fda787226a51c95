import type { GraphBuilder } from '../../onnx/builder.ts'
import { asValue, product } from '../../onnx/shape-element.ts'
import type { Value } from '../../onnx/value.ts'
import type { Lowering, LoweringTable } from '../context.ts'
import { normalAxes, normalAxis, upTo } from './common.ts'

/** The mean of `x` over axes; of nothing it is no number, where onnxruntime's (1.30) is 0. */
function ofSome(builder: GraphBuilder, mean: Value, x: Value, axes: readonly number[] | null): Value {
  const sizes = (axes ?? upTo(x.dims.length)).map((axis) => builder.dim(x, axis))
  if (sizes.every((size) => typeof size === 'number' && size > 0)) return mean
  const divisor = builder.op('Min', [asValue(builder, product(builder, sizes)), builder.scalar(1, 'int64')])
  return builder.op('Div', [mean, builder.cast(divisor, 'float32')])
}

/**
 * A reduction over axes; those that leave the integers are computed in float32. Axes are counted from the front: of others onnxruntime (1.30) reduces
 * none where there are no elements.
 */
function reduce(opType: string, inFloat = false): Lowering {
  return (op) => {
    const { builder } = op
    const x = op.input('x')
    const axes = op.has('axes') ? normalAxes(op.ints('axes'), x.dims.length) : null
    const converted = inFloat && x.type !== 'float32' ? builder.cast(x, 'float32') : x
    // Over no axes, every element is reduced on its own; ONNX would take all of them.
    const single = axes?.length === 0
    const values = single ? builder.unsqueeze(converted, [x.dims.length]) : converted
    const over = single ? [x.dims.length] : axes
    const attributes = { keepdims: op.bool('keep_dims', false) && !single ? 1 : 0 }
    const result = builder.op(opType, [values, over && builder.ints(over)], attributes)
    return builder.cast(opType === 'ReduceMean' ? ofSome(builder, result, values, over) : result, x.type)
  }
}

function argument(opType: string): Lowering {
  return (op) => {
    const x = op.input('x')
    const attributes = { axis: normalAxis(op.number('axis', -1), x.dims.length), keepdims: op.bool('keep_dims', false) ? 1 : 0 }
    return op.builder.op(opType, [x], attributes)
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
