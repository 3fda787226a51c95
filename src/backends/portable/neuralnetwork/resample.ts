import type { GraphBuilder, ShapeElement } from '../onnx/builder.ts'
import type { Value } from '../onnx/value.ts'

/** Where the points lie, along one dimension of `n` input elements, that `m` output elements are interpolated at. */
export type Grid =
  /** i · (n − 1) / (m − 1); the first element where m is 1. */
  | 'alignCorners'
  /** (i + ½) · n / m − ½ */
  | 'halfPixel'
  /** i · n / m */
  | 'asymmetric'
  /** (i + ½) · (n − 1) / m */
  | 'offsetCorners'

const transformation: Record<Grid, string> = {
  alignCorners: 'align_corners',
  halfPixel: 'half_pixel',
  asymmetric: 'asymmetric',
  offsetCorners: 'tf_crop_and_resize',
}

/** Resizes the last two dimensions of [batch, channels, height, width] by linear interpolation, each with its own grid. */
export function resizeLinear(
  graph: GraphBuilder,
  x: Value,
  size: readonly [ShapeElement, ShapeElement],
  grids: readonly [Grid, Grid],
): Value {
  const [height, width] = graph.dims(x).slice(2) as [ShapeElement, ShapeElement]
  if (grids[0] === grids[1]) return resize(graph, x, size, grids[0])
  const rows = resize(graph, x, [size[0], width], grids[0], size[0] === height)
  return resize(graph, rows, size, grids[1])
}

function resize(graph: GraphBuilder, x: Value, size: readonly [ShapeElement, ShapeElement], grid: Grid, same = false): Value {
  if (same) return x
  const sizes = graph.shapeVector([...graph.dims(x).slice(0, 2), ...size])
  let region: Value | null = null
  if (grid === 'offsetCorners') {
    // The region from the first to the last point, in parts of the input.
    const margins = size.map((count) => (typeof count === 'number' ? 0.5 / count : 0))
    region = graph.floats([0, 0, margins[0]!, margins[1]!, 1, 1, 1 - margins[0]!, 1 - margins[1]!])
  }
  const attributes = { mode: 'linear', coordinate_transformation_mode: transformation[grid] }
  return graph.op('Resize', [x, region, null, sizes], attributes)
}

/** Repeats the nearest element (the one before): output element i comes from floor(i · n / m). */
export function resizeNearest(graph: GraphBuilder, x: Value, size: readonly [ShapeElement, ShapeElement]): Value {
  const sizes = graph.shapeVector([...graph.dims(x).slice(0, 2), ...size])
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  return graph.op('Resize', [x, null, null, sizes], attributes)
}
