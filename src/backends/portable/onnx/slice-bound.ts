/** The number that stands for "to the very end" in ONNX's Slice. */
export const toEnd = 2 ** 31 - 1

/** A bound of ONNX's Slice, which may count from the end and lie outside, as a position from `low` to `high`. */
export function sliceBound(position: number, size: number, low = 0, high = size): number {
  return Math.min(Math.max(position < 0 ? position + size : position, low), high)
}
