import { CoreMLError } from '../../../errors.ts'
import type { BorderAmounts } from '../../../format/index.ts'
import { SamePaddingMode } from '../../../format/index.ts'
import { samePadding as totalPadding } from '../onnx/same-padding.ts'
import { isStatic, UnknownDimensionError, type Value } from '../onnx/value.ts'
import { invalid, type LayerContext } from './layer.ts'

/** Padding before and after each spatial dimension. */
export interface Padding {
  before: number[]
  after: number[]
}

/** Padding as ONNX takes it: all befores, then all afters. */
export function onnxPads({ before, after }: Padding): number[] {
  return [...before, ...after]
}

/** Padding from the border amounts of a layer (height, width); none where they are left out. */
export function borders(amounts: BorderAmounts | undefined, rank = 2): Padding {
  const edges = amounts?.borderAmounts ?? []
  const side = (pick: (edge: (typeof edges)[number]) => number) =>
    Array.from({ length: rank }, (_, axis) => (edges[axis] ? pick(edges[axis]) : 0))
  return { before: side((edge) => edge.startEdgeSize), after: side((edge) => edge.endEdgeSize) }
}

/** Divides a total padding; the odd one goes behind, or in front in the top-left-heavy mode. What is negative stays behind. */
export function halves(total: readonly number[], mode: number = SamePaddingMode.BOTTOM_RIGHT_HEAVY): Padding {
  const round = mode === SamePaddingMode.TOP_LEFT_HEAVY ? Math.ceil : Math.floor
  const before = total.map((amount) => Math.max(0, round(amount / 2)))
  return { before, after: total.map((amount, axis) => amount - before[axis]!) }
}

/** Padding with which windows over the last dimensions of `value` give ceil(size / stride) results. */
export function samePadding(value: Value, kernel: readonly number[], stride: readonly number[], mode?: number): Padding {
  const total = kernel.map((extent, axis) => totalPadding(value.dims.at(axis - kernel.length)!, extent, stride[axis]!))
  if (!isStatic(total)) throw new UnknownDimensionError(value)
  return halves(total, mode)
}

/** The input of a layer is smaller than the window that moves over it: larger inputs of the model may fit, so that it is no reason not to load it. */
export class SmallInputError extends CoreMLError {
  constructor(layer: LayerContext<unknown>, x: Value, output: Value) {
    const list = ({ dims }: Value) => dims.map((dim) => dim ?? '?').join(', ')
    const problem = `its input [${list(x)}] is smaller than its window: the output would be [${list(output)}]`
    super('ERR_MODEL_INVALID', invalid(layer, problem).message)
  }
}

/** `output` of a layer that moves windows over `x`. @throws SmallInputError */
export function wholeWindows(layer: LayerContext<unknown>, x: Value, output: Value): Value {
  if (output.dims.some((dim) => dim !== null && dim < 1)) throw new SmallInputError(layer, x, output)
  return output
}

/** What a list of sizes gives where the file leaves it out. */
export function sizes(list: readonly number[], fallback: number, rank = 2): number[] {
  return Array.from({ length: rank }, (_, axis) => list[axis] || fallback)
}
