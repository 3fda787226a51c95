import type { GraphBuilder } from './builder.ts'
import type { Value } from './value.ts'

/** Where the element at `position` of a dimension mirrored at its ends, back and forth, comes from. */
function mirrored(position: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1))
  const within = ((position % period) + period) % period
  return Math.min(within, period - within)
}

/**
 * Padding mirrored at the outermost elements, which are not repeated. What is wider than its dimension, which ONNX's own Pad refuses, is
 * mirrored back and forth.
 * @param pads - elements before every axis of x, then behind every axis
 */
export function reflectPad(builder: GraphBuilder, x: Value, pads: readonly number[]): Value {
  const rank = x.dims.length
  const narrow = Array<number>(2 * rank).fill(0)
  const wide: number[] = []
  for (const [axis, size] of x.dims.entries()) {
    const [before, after] = [pads[axis]!, pads[rank + axis]!]
    if (typeof size === 'number' && Math.max(before, after) >= size) wide.push(axis)
    else [narrow[axis], narrow[rank + axis]] = [before, after]
  }
  let value = narrow.some((amount) => amount !== 0) ? builder.op('Pad', [x, builder.ints(narrow)], { mode: 'reflect' }) : x
  for (const axis of wide) {
    const size = x.dims[axis] as number
    const [before, after] = [pads[axis]!, pads[rank + axis]!]
    const positions = Array.from({ length: before + size + after }, (_, index) => mirrored(index - before, size))
    value = builder.op('Gather', [value, builder.ints(positions)], { axis })
  }
  return value
}
