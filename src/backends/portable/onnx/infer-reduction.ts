import type { InferenceRule } from './infer.ts'
import { constantNumbers, type Dim } from './value.ts'

/** Reductions whose axes are an input (opset 18 on), and those that give one index an axis. */

const reduce: InferenceRule = ([x, axesInput], attributes) => {
  const rank = x!.dims.length
  const keep = attributes.keepdims !== 0
  const axes = axesInput ? constantNumbers(axesInput) : undefined
  if (axesInput && !axes) {
    return [
      { type: x!.type, dims: keep ? x!.dims.map(() => null) : Array<Dim>(Math.max(0, rank - Number(axesInput.dims[0] ?? 0))).fill(null) },
    ]
  }
  if (axesInput && axes!.length === 0 && attributes.noop_with_empty_axes === 1) return [{ type: x!.type, dims: x!.dims }]
  const reduced = new Set(axes?.length ? axes.map((axis) => (axis < 0 ? axis + rank : axis)) : x!.dims.keys())
  const dims = keep ? x!.dims.map((dim, axis) => (reduced.has(axis) ? 1 : dim)) : x!.dims.filter((_, axis) => !reduced.has(axis))
  return [{ type: x!.type, dims }]
}

const argument: InferenceRule = ([x], attributes) => {
  const axis = (((attributes.axis as number | undefined) ?? 0) + x!.dims.length) % x!.dims.length
  const dims =
    attributes.keepdims === 0 ? x!.dims.filter((_, index) => index !== axis) : x!.dims.map((dim, index) => (index === axis ? 1 : dim))
  return [{ type: 'int64', dims }]
}

export const reductionRules: Record<string, InferenceRule> = {
  ...Object.fromEntries('L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare'.split(' ').map((name) => [`Reduce${name}`, reduce])),
  ArgMax: argument,
  ArgMin: argument,
}
