import type { Dim, Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { type Window, windowOf } from './conv.ts'

/**
 * Padding of windows that stick out at the end where the last whole one leaves something over. onnxruntime (1.30) leaves windows out that would begin behind
 * the input, but counts them when it infers shapes, and makes nodes from these: where the size is known, no room is left for one.
 */
function inCeilMode(
  sizes: readonly Dim[],
  kernel: readonly number[],
  { strides, pads, auto_pad }: Window,
): { pads?: number[]; ceil: boolean } {
  if (auto_pad) return { ceil: true }
  const rank = kernel.length
  const given = pads ?? Array<number>(2 * rank).fill(0)
  let ceil = false
  const after = kernel.map((taps, axis) => {
    const [size, room, stride] = [sizes[axis]!, given[rank + axis]!, strides[axis]!]
    if (size === null) {
      ceil = true
      return room
    }
    const inside = given[axis]! + size
    const steps = Math.ceil((inside + room - taps) / stride)
    const begin = (steps * stride < inside ? steps : steps - 1) * stride
    const needed = begin + taps - inside
    if (needed > room) ceil = true
    return Math.max(0, Math.min(needed, room))
  })
  return { pads: [...given.slice(0, rank), ...after], ceil }
}

function pool(op: OpContext, opType: string, x: Value, attributes: Record<string, number> = {}): Value {
  const kernel = op.ints('kernel_sizes')
  const window = windowOf(op, kernel, x)
  const { auto_pad, strides } = window
  const { pads, ceil } = op.bool('ceil_mode', false) ? inCeilMode(x.dims.slice(2), kernel, window) : { pads: window.pads, ceil: false }
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
