import type { Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { windowOf } from './conv.ts'

function pool(op: OpContext, opType: string, x: Value, attributes: Record<string, number> = {}): Value {
  const kernel = op.ints('kernel_sizes')
  const { auto_pad, pads, strides } = windowOf(op, kernel, x)
  const ceil = op.bool('ceil_mode', false)
  // onnxruntime refuses padding as wide as the window. Where padding counts like values, it can be put there before.
  if (pads?.some((amount, index) => amount >= kernel[index % kernel.length]!) && !ceil && attributes.count_include_pad !== 0) {
    const rank = kernel.length
    const around = [0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)]
    const fill = op.builder.scalar(opType === 'MaxPool' ? Number.NEGATIVE_INFINITY : 0)
    const padded = op.builder.op('Pad', [x, op.builder.ints(around), fill])
    return op.builder.op(opType, [padded], { strides, kernel_shape: kernel })
  }
  return op.builder.op(opType, [x], {
    auto_pad,
    pads,
    strides,
    kernel_shape: kernel,
    ceil_mode: ceil ? 1 : undefined,
    ...attributes,
  })
}

/** Pooling over windows. */
export const pooling: LoweringTable = {
  avg_pool: (op) => pool(op, 'AveragePool', op.input('x'), { count_include_pad: op.bool('exclude_padding_from_average', false) ? 0 : 1 }),
  // The root of the sum of squares: neither padding nor what lies beyond it adds anything.
  l2_pool: (op) => pool(op, 'LpPool', op.input('x'), { p: 2 }),
  max_pool: (op) => pool(op, 'MaxPool', op.input('x')),
}
