import { BoxCoordinates, type CropResizeLayer, SamplingMethod } from '../../../../format/index.ts'
import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { asValue, product } from '../../onnx/shape-element.ts'
import { staticDim, type Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { openShape, toFloat } from '../shapes.ts'
import { sizes } from '../spatial.ts'

/** Crops boxes out of images and resizes them by linear interpolation. */

/** Order of the four coordinates in a box: indices of height start, width start, height end, width end (or centres and sizes). */
const orders: Record<number, { order: [number, number, number, number]; centred: boolean }> = {
  [BoxCoordinates.CORNERS_HEIGHT_FIRST]: { order: [0, 1, 2, 3], centred: false },
  [BoxCoordinates.CORNERS_WIDTH_FIRST]: { order: [1, 0, 3, 2], centred: false },
  [BoxCoordinates.CENTER_SIZE_HEIGHT_FIRST]: { order: [0, 1, 2, 3], centred: true },
  [BoxCoordinates.CENTER_SIZE_WIDTH_FIRST]: { order: [1, 0, 3, 2], centred: true },
}

/** Arithmetic on float32 values, short to write. */
function arithmetic(graph: GraphBuilder) {
  const value = (x: Value | number) => (typeof x === 'number' ? graph.scalar(x) : x)
  const op = (name: string) => (a: Value | number, b: Value | number) => graph.op(name, [value(a), value(b)])
  return { add: op('Add'), sub: op('Sub'), mul: op('Mul'), div: op('Div'), min: op('Min'), max: op('Max') }
}

/** Points of `count` samples in each box, from its start and end along one dimension: [boxes, count], within [0, last]. */
function points(layer: LayerContext<unknown>, method: number, count: number, start: Value, end: Value, last: Value): Value {
  const { graph } = layer
  const { add, sub, mul, div, min, max } = arithmetic(graph)
  const steps = graph.constant(
    'float32',
    [1, count],
    Float32Array.from({ length: count }, (_, index) => index),
  )
  const length = sub(end, start)
  const clamp = (grid: Value) => max(min(grid, last), 0)
  switch (method) {
    case SamplingMethod.ALIGN_ENDPOINTS_MODE:
      if (count === 1) return clamp(div(add(start, end), 2))
      return clamp(add(start, mul(steps, div(length, count - 1))))
    case SamplingMethod.STRICT_ALIGN_ENDPOINTS_MODE:
      return clamp(count === 1 ? start : add(start, mul(steps, div(length, count - 1))))
    case SamplingMethod.UPSAMPLE_MODE:
      return clamp(add(start, min(mul(steps, div(add(length, 1), count)), length)))
    case SamplingMethod.ROI_ALIGN_MODE:
      return clamp(add(start, mul(add(steps, 0.5), div(max(length, 1), count))))
    default:
      throw invalid(layer, `unknown sampling method ${method}`)
  }
}

function cropResize(layer: LayerContext<CropResizeLayer>): Value {
  const { graph, params } = layer
  const { add, sub, mul, div } = arithmetic(graph)
  const x = input(layer)
  const regions = input(layer, 1)
  const [heightOut, widthOut] = sizes(params.targetSize, 1) as [number, number]
  const [batch, channels, height, width] = graph.dims(x).slice(-4) as [ShapeElement, ShapeElement, ShapeElement, ShapeElement]
  const coordinates = staticDim(regions, -3)
  if (coordinates !== 4 && coordinates !== 5) throw invalid(layer, `boxes of ${coordinates} coordinates; 4 or 5 are possible`)
  const boxes = graph.reshape(regions, [-1, coordinates])
  const column = (index: number) => graph.slice(boxes, [1], [index], [index + 1])

  const layout = orders[params.boxIndicesMode?.boxMode ?? 0]
  if (!layout) throw invalid(layer, `unknown form of boxes ${params.boxIndicesMode?.boxMode}`)
  const lastRow = toFloat(graph, graph.op('Sub', [asValue(graph, height), graph.scalar(1, 'int64')]))
  const lastColumn = toFloat(graph, graph.op('Sub', [asValue(graph, width), graph.scalar(1, 'int64')]))
  const [first, second, third, fourth] = layout.order.map((index, place) => {
    const stated = column(coordinates - 4 + index)
    const scaled = params.normalizedCoordinates ? mul(stated, place % 2 === 0 ? lastRow : lastColumn) : stated
    return params.spatialScale === 1 || params.spatialScale === 0 ? scaled : mul(scaled, params.spatialScale)
  }) as [Value, Value, Value, Value]
  const corners = (centre: Value, size: Value): [Value, Value] => [sub(centre, div(size, 2)), add(centre, div(size, 2))]
  const [top, bottom] = layout.centred ? corners(first, third) : [first, third]
  const [left, right] = layout.centred ? corners(second, fourth) : [second, fourth]

  const method = params.mode?.samplingMethod ?? 0
  let rows = points(layer, method, heightOut, top, bottom, lastRow)
  const columns = points(layer, method, widthOut, left, right, lastColumn)

  // Boxes that name their image look into all images stacked on top of each other. A point is never between two images:
  // on the last row of one, the next one's weight is zero.
  const named = coordinates === 5
  let images = graph.reshape(x, openShape([batch, channels, height, width]))
  let rowsOfImage = height
  if (named && batch !== 1) {
    const stacked = graph.transpose(images, [1, 0, 2, 3])
    rowsOfImage = product(graph, [batch, height])
    images = graph.reshape(stacked, openShape([1, channels, rowsOfImage, width]))
    rows = add(rows, mul(column(0), toFloat(graph, asValue(graph, height))))
  }
  const count = graph.dim(boxes, 0)
  const sampled = sample(graph, images, rows, columns, { rows: rowsOfImage, columns: width, heightOut, widthOut })
  // [batch, channels, boxes · height, width] → [boxes, batch, channels, height, width]
  const of = graph.dim(images, 0)
  const split = graph.reshape(sampled, openShape([of, channels, count, heightOut, widthOut]))
  return graph.transpose(split, [2, 0, 1, 3, 4])
}

/** Interpolates images at rows [boxes, height] × columns [boxes, width] in pixels: [batch, channels, boxes · height, width]. */
function sample(
  graph: GraphBuilder,
  images: Value,
  rows: Value,
  columns: Value,
  size: { rows: ShapeElement; columns: ShapeElement; heightOut: number; widthOut: number },
): Value {
  const { sub, mul, div, max } = arithmetic(graph)
  const normal = (pixels: Value, count: ShapeElement) => {
    const last = sub(toFloat(graph, asValue(graph, count)), 1)
    return sub(mul(div(pixels, max(last, 1)), 2), 1)
  }
  const boxes = graph.dim(rows, 0)
  const shape = [boxes, size.heightOut, size.widthOut]
  const y = graph.expand(graph.unsqueeze(normal(rows, size.rows), [2]), shape)
  const x = graph.expand(graph.unsqueeze(normal(columns, size.columns), [1]), shape)
  const pairs = graph.concat([graph.unsqueeze(x, [3]), graph.unsqueeze(y, [3])], 3)
  const tall = graph.reshape(pairs, [1, -1, size.widthOut, 2])
  const grid = graph.expand(tall, [graph.dim(images, 0), graph.dim(tall, 1), size.widthOut, 2])
  return graph.op('GridSample', [images, grid], { mode: 'linear', padding_mode: 'border', align_corners: 1 })
}

export const cropResizeLayers: LayerTable = {
  cropResize: (layer) => {
    if (input(layer, 1).dims.length < 3) throw invalid(layer, 'its boxes need rank 5')
    return cropResize(layer)
  },
}
