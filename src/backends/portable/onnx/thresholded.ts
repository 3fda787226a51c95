import type { GraphBuilder } from './builder.ts'
import type { Value } from './value.ts'

/** The largest float32 below a finite one. */
export function floatBelow(number: number): number {
  const float = new Float32Array([number])
  const bits = new Int32Array(float.buffer)
  if (float[0] === 0) return -(2 ** -149)
  bits[0]! += float[0]! > 0 ? -1 : 1
  return float[0]!
}

/** x from `threshold` on, and 0 below. ONNX's ThresholdedRelu drops what equals its threshold: the float before it drops the same as is to be dropped here. */
export function thresholded(builder: GraphBuilder, x: Value, threshold: number): Value {
  if (Number.isFinite(Math.fround(threshold))) return builder.op('ThresholdedRelu', [x], { alpha: floatBelow(threshold) })
  return builder.op('Where', [builder.op('GreaterOrEqual', [x, builder.scalar(threshold)]), x, builder.scalar(0)])
}
