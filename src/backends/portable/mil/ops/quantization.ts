import type { Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { integerRange } from '../types.ts'
import { normalAxis } from './common.ts'

/** A scale or zero point, shaped to broadcast along the op's axis. */
function alongAxis(op: OpContext, parameter: string, x: Value): Value | undefined {
  const value = op.optional(parameter)
  if (!value) return undefined
  const float = op.builder.cast(value, 'float32')
  if (float.dims.length === 0 || !op.has('axis')) return float
  const axis = normalAxis(op.number('axis'), x.dims.length)
  return op.builder.reshape(float, [-1, ...Array<number>(x.dims.length - 1 - axis).fill(1)])
}

/** Affine quantization of activations. */
export const quantization: LoweringTable = {
  quantize: (op) => {
    const { builder } = op
    const x = op.input('input')
    const scaled = builder.op('Round', [builder.op('Div', [x, alongAxis(op, 'scale', x)])])
    const zeroPoint = alongAxis(op, 'zero_point', x)
    const shifted = zeroPoint ? builder.op('Add', [scaled, zeroPoint]) : scaled
    const [low, high] = integerRange(op.output().dtype) ?? op.unsupported(`quantizing to ${op.output().dtype}`)
    return builder.cast(builder.op('Clip', [shifted, builder.scalar(low), builder.scalar(high)]), 'int32')
  },
  dequantize: (op) => {
    const { builder } = op
    const x = builder.cast(op.input('input'), 'float32')
    const zeroPoint = alongAxis(op, 'zero_point', x)
    return builder.op('Mul', [zeroPoint ? builder.op('Sub', [x, zeroPoint]) : x, alongAxis(op, 'scale', x)])
  },
}
