import type { GraphBuilder, ShapeElement } from './builder.ts'
import type { Value } from './value.ts'

/**
 * The first `batch` rows of an initial state, along `axis`. A program may compute a state of more rows: coremltools makes those of torch's packed
 * sequences as many as the longest sequence has steps. ONNX takes one for each sequence only.
 */
export function rowsOfBatch(builder: GraphBuilder, state: Value, axis: number, batch: ShapeElement): Value {
  if (state.dims[axis] === batch) return state
  return builder.op('Slice', [state, builder.ints([0]), builder.shapeVector([batch]), builder.ints([axis])])
}
