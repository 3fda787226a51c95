import type { GraphBuilder } from './builder.ts'
import type { Value } from './value.ts'

/** start + i · step, up to `end`, of float32 scalars. ONNX's Range means the same, but onnxruntime adds the step again and again, and its rounding with it. */
export function floatRange(builder: GraphBuilder, start: Value, end: Value, step: Value): Value {
  const count = builder.op('Ceil', [builder.op('Div', [builder.op('Sub', [end, start]), step])])
  const steps = builder.op('Range', [builder.scalar(0, 'int64'), builder.cast(count, 'int64'), builder.scalar(1, 'int64')])
  return builder.op('Add', [builder.op('Mul', [builder.cast(steps, 'float32'), step]), start])
}
