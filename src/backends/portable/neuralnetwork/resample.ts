import type { GraphBuilder, ShapeElement } from '../onnx/builder.ts'
import { interpolation } from '../onnx/interpolation.ts'
import { asValue } from '../onnx/shape-element.ts'
import type { Value } from '../onnx/value.ts'
import { toFloat } from './shapes.ts'

/** Where the points lie, along one dimension of `n` input elements, that `m` output elements are interpolated at. */
export type Grid =
  /** i · (n − 1) / (m − 1); the first element where m is 1. */
  | 'alignCorners'
  /** (i + ½) · n / m − ½ */
  | 'halfPixel'
  /** i · n / m */
  | 'asymmetric'

const transformation: Record<Grid, string> = {
  alignCorners: 'align_corners',
  halfPixel: 'half_pixel',
  asymmetric: 'asymmetric',
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
  const attributes = { mode: 'linear', coordinate_transformation_mode: transformation[grid] }
  return graph.op('Resize', [x, null, null, sizes], attributes)
}

/**
 * The same at the points (i + ½) · (n − 1) / m, by products with the weights of each element. ONNX's Resize has such points too, but onnxruntime leaves a
 * dimension as it is that keeps its size.
 */
export function resizeWithin(graph: GraphBuilder, x: Value, [height, width]: readonly [number, number]): Value {
  const rows = weightsWithin(graph, graph.dim(x, 2), height)
  const columns = weightsWithin(graph, graph.dim(x, 3), width)
  return graph.op('MatMul', [rows, graph.op('MatMul', [x, graph.transpose(columns, [1, 0])])])
}

/** Weights [count, size] of the elements at the points along one dimension. */
function weightsWithin(graph: GraphBuilder, size: ShapeElement, count: number): Value {
  const elements = toFloat(graph, graph.op('Range', [graph.scalar(0, 'int64'), asValue(graph, size), graph.scalar(1, 'int64')]))
  const last = graph.op('Sub', [toFloat(graph, asValue(graph, size)), graph.scalar(1)])
  const parts = Array.from({ length: count }, (_, index) => (index + 0.5) / count)
  return interpolation(graph, graph.op('Mul', [graph.floats(parts), last]), elements)
}

/** Repeats the nearest element (the one before): output element i comes from floor(i · n / m). */
export function resizeNearest(graph: GraphBuilder, x: Value, size: readonly [ShapeElement, ShapeElement]): Value {
  const sizes = graph.shapeVector([...graph.dims(x).slice(0, 2), ...size])
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  return graph.op('Resize', [x, null, null, sizes], attributes)
}
