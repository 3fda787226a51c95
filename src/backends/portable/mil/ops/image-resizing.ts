import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { asValue } from '../../onnx/shape-element.ts'
import { toEnd } from '../../onnx/slice-bound.ts'
import { staticDim, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { range, upTo } from './common.ts'
import { matmul } from './linear.ts'
import { clamp, float, nearestPixels, pixelWeights, type Sampling, spacing } from './sampling-points.ts'

/** ONNX's Resize for the modes that it has. */
const transformations: Partial<Record<Sampling, string>> = {
  STRICT_ALIGN_CORNERS: 'align_corners',
  ALIGN_CORNERS: 'align_corners',
  DEFAULT: 'asymmetric',
  UNALIGN_CORNERS: 'half_pixel',
}

/** Resizes the last two dimensions linearly. */
function resizeLinear(op: OpContext, x: Value, sizes: readonly ShapeElement[], sampling: Sampling): Value {
  const { builder } = op
  const rank = x.dims.length
  const known = sizes.every((size) => typeof size === 'number')
  const mode = transformations[sampling]
  // ONNX puts a single point at the first pixel, ALIGN_CORNERS in the middle.
  if (mode && !(sampling === 'ALIGN_CORNERS' && (!known || sizes.includes(1))))
    return onnxResize(builder, x, sizes, { mode: 'linear', coordinate_transformation_mode: mode })
  const weights = [rank - 2, rank - 1].map((axis, index) => {
    const size = builder.dim(x, axis)
    const count = sizes[index]!
    const { first, step } = spacing(builder, sampling, float(builder, size), count)
    const points = builder.op('Add', [first, builder.op('Mul', [builder.cast(range(builder, count), 'float32'), step])])
    return pixelWeights(builder, clamp(builder, points, size), size)
  })
  const numbers = x.type === 'int32' ? builder.cast(x, 'float32') : x
  const wide = builder.op('MatMul', [numbers, builder.transpose(weights[1]!, [1, 0])])
  return builder.cast(matmul(builder, weights[0]!, wide), x.type)
}

/** ONNX's Resize of the last two dimensions. */
function onnxResize(builder: GraphBuilder, x: Value, sizes: readonly ShapeElement[], attributes: Record<string, string>): Value {
  const rank = x.dims.length
  const kept = upTo(rank - 2).map((axis) => builder.dim(x, axis))
  // Its fast kernels take four dimensions.
  const inner = [rank - 2, rank - 1].map((axis) => builder.dim(x, axis))
  const flat = rank === 4 ? x : builder.reshape(x, [1, -1, ...inner])
  const type = x.type === 'int32' ? builder.cast(flat, 'float32') : flat
  const target = builder.shapeVector([builder.dim(type, 0), builder.dim(type, 1), ...sizes])
  const dims = [...type.dims.slice(0, 2), ...sizes.map((size) => (typeof size === 'number' ? size : null))]
  const resized = builder.op('Resize', [type, null, null, target], attributes, { types: [{ type: type.type, dims }] })
  const typed = builder.cast(resized, x.type)
  return rank === 4
    ? typed
    : builder.reshape(typed, [...kept, ...sizes.map((size, index) => (typeof size === 'number' ? size : builder.dim(typed, index + 2)))])
}

/**
 * Resizes the last two dimensions to the nearest pixels. By default those are the pixels that the middle of each new one falls into, as TensorFlow's
 * half_pixel_centers has it, whose resizing converters turn into this op; a single new pixel is the first one.
 */
function resizeNearest(op: OpContext, x: Value, sizes: readonly ShapeElement[], sampling: Sampling): Value {
  const { builder } = op
  // Points that ONNX has no name for; a single one of ALIGN_CORNERS lies in the middle, where ONNX takes the first pixel.
  const single = sizes.some((size) => typeof size !== 'number' || size === 1)
  if (sampling === 'OFFSET_CORNERS' || (sampling === 'ALIGN_CORNERS' && single)) {
    return [x.dims.length - 2, x.dims.length - 1].reduce(
      (value, axis, index) =>
        builder.op('Gather', [value, nearestPixels(builder, sampling, builder.dim(x, axis), sizes[index]!)], { axis }),
      x,
    )
  }
  const mode = sampling === 'DEFAULT' ? 'pytorch_half_pixel' : transformations[sampling]
  if (!mode) return op.unsupported(`nearest neighbours with sampling mode ${sampling}`)
  return onnxResize(builder, x, sizes, { mode: 'nearest', coordinate_transformation_mode: mode, nearest_mode: 'round_prefer_ceil' })
}

/** The last two dimensions times the op's scale factors, rounded down. What that makes of a product like 2.3 · 10 the program says, where it can. */
function scaledSizes(op: OpContext, x: Value): ShapeElement[] {
  return (['height', 'width'] as const).map((side, index) => {
    const declared = op.output().dims.at(index - 2)
    if (typeof declared === 'number') return declared
    const factor = op.number(`scale_factor_${side}`, 1)
    const size = op.builder.dim(x, x.dims.length - 2 + index)
    if (typeof size === 'number') return Math.floor(size * factor + 1e-6)
    const { builder } = op
    if (Number.isInteger(factor)) return builder.op('Mul', [size, builder.scalar(factor, 'int64')])
    const scaled = builder.op('Mul', [builder.cast(size, 'float32'), builder.scalar(factor)])
    return builder.cast(builder.op('Floor', [scaled]), 'int64')
  })
}

function resize(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const rank = x.dims.length
  const count = op.number('resized_dims')
  const shape = op.known('shape')
  const given = op.input('shape')
  const length = staticDim(given, 0)
  const sizes = upTo(count).map((index): ShapeElement => {
    const own = builder.dim(x, rank - count + index)
    if (shape) return shape[length - count + index] || own
    const at = length - count + index
    const wanted = builder.reshape(builder.slice(builder.cast(given, 'int64'), [0], [at], [at + 1]), [])
    const inherited = asValue(builder, own)
    return builder.op('Where', [builder.op('Equal', [wanted, builder.scalar(0, 'int64')]), inherited, wanted])
  })
  const sampling = op.string('sampling_mode', 'DEFAULT') as Sampling
  const linear = op.string('interpolation_mode', 'LINEAR') === 'LINEAR'
  const by = (value: Value, last: readonly ShapeElement[]) =>
    linear ? resizeLinear(op, value, last, sampling) : resizeNearest(op, value, last, sampling)
  if (count === 0) return x
  if (count === 1) {
    const padded = builder.unsqueeze(x, [rank - 1])
    return builder.squeeze(by(padded, [1, sizes[0]!]), [rank - 1])
  }
  if (count === 2) return by(x, sizes)
  // Linear and nearest both work axis by axis: two at a time, brought to the end.
  let value = x
  for (let index = 0; index < count; index += 2) {
    const axes = [rank - count + index, Math.min(rank - count + index + 1, rank - 1)]
    if (axes[0] === axes[1]) axes[0]!--
    const targets = axes.map((axis) => (axis < rank - count + index ? builder.dim(value, axis) : sizes[axis - rank + count]!))
    const others = upTo(rank).filter((axis) => !axes.includes(axis))
    const perm = [...others, ...axes]
    const back = Array<number>(rank)
    perm.forEach((axis, position) => {
      back[axis] = position
    })
    value = builder.transpose(by(builder.transpose(value, perm), targets), back)
  }
  return value
}

/** Box coordinates [N, 1] each, in pixels: where rows and columns start and end. */
function corners(
  op: OpContext,
  boxes: Value,
  height: ShapeElement,
  width: ShapeElement,
): { rows: [Value, Value]; columns: [Value, Value] } {
  const { builder } = op
  const mode = op.string('box_coordinate_mode', 'CORNERS_HEIGHT_FIRST')
  const parts = upTo(4).map((index) => builder.slice(boxes, [1], [index], [index + 1]))
  const heightFirst = mode.endsWith('HEIGHT_FIRST')
  const [h1, w1, h2, w2] = heightFirst ? parts : [parts[1], parts[0], parts[3], parts[2]]
  const interval = (a: Value, b: Value): [Value, Value] => {
    if (!mode.startsWith('CENTER_SIZE')) return [a, b]
    const half = builder.op('Mul', [b, builder.scalar(0.5)])
    return [builder.op('Sub', [a, half]), builder.op('Add', [a, half])]
  }
  const scale = op.number('spatial_scale', 1)
  const normalized = op.bool('normalized_coordinates', false)
  const inPixels = (pair: [Value, Value], size: ShapeElement) =>
    pair.map((value) => {
      const scaled = scale === 1 ? value : builder.op('Mul', [value, builder.scalar(scale)])
      return normalized ? builder.op('Mul', [scaled, builder.op('Sub', [float(builder, size), builder.scalar(1)])]) : scaled
    }) as [Value, Value]
  // Before iOS 16, which brought `pad_value`, Core ML takes a normalized box that starts beyond the image and runs backwards for the whole image.
  const inImage = ([start, end]: [Value, Value], size: ShapeElement): [Value, Value] => {
    if (op.opset >= 16 || !normalized) return [start, end]
    const last = builder.op('Sub', [float(builder, size), builder.scalar(1)])
    const astray = builder.op('And', [builder.op('Greater', [start, last]), builder.op('Greater', [start, end])])
    return [builder.op('Where', [astray, builder.scalar(0), start]), builder.op('Where', [astray, last, end])]
  }
  return {
    rows: inImage(inPixels(interval(h1!, h2!), height), height),
    columns: inImage(inPixels(interval(w1!, w2!), width), width),
  }
}

/** Crops [N, B or 1, C, h, w] of x [B, C, H, W] at boxes [N, 4]; `images` says which image each box is of, where given. */
function cropped(op: OpContext, boxes: Value, images: Value | undefined): Value {
  const { builder } = op
  const x = op.input('x')
  const sampling = op.string('sampling_mode', 'DEFAULT') as Sampling
  const [height, width] = [builder.dim(x, 2), builder.dim(x, 3)]
  const { rows, columns } = corners(op, boxes, height, width)
  const along = ([start, end]: [Value, Value], size: ShapeElement, count: number) => {
    const extent = builder.op('Add', [builder.op('Sub', [end, start]), builder.scalar(1)])
    const { first, step } = spacing(builder, sampling, extent, count)
    const offsets = builder.op('Add', [first, builder.op('Mul', [builder.reshape(builder.floats(upTo(count)), [1, count]), step])])
    const positions = builder.op('Add', [start, offsets])
    const last = builder.op('Sub', [float(builder, size), builder.scalar(1)])
    // A hair of rounding does not put a point outside.
    const inside = builder.op('And', [
      builder.op('GreaterOrEqual', [positions, builder.scalar(-1e-4)]),
      builder.op('LessOrEqual', [positions, builder.op('Add', [last, builder.scalar(1e-4)])]),
    ])
    return { weights: pixelWeights(builder, clamp(builder, positions, size), size), inside }
  }
  const down = along(rows, height, op.number('target_height', 1))
  const across = along(columns, width, op.number('target_width', 1))
  // [N, 1, 1, h, H] · [N or 1, B or 1, C, H, W] · [N, 1, 1, W, w]
  const source = images ? builder.unsqueeze(builder.op('Gather', [x, images], { axis: 0 }), [1]) : builder.unsqueeze(x, [0])
  const rowWeights = builder.unsqueeze(down.weights, [1, 2])
  const columnWeights = builder.unsqueeze(builder.transpose(across.weights, [0, 2, 1]), [1, 2])
  const sampled = matmul(builder, matmul(builder, rowWeights, source), columnWeights)
  const inside = builder.op('And', [builder.unsqueeze(down.inside, [1, 2, 4]), builder.unsqueeze(across.inside, [1, 2, 3])])
  return builder.op('Where', [inside, sampled, builder.scalar(op.number('pad_value', 0))])
}

function cropResize(op: OpContext): Value {
  const { builder } = op
  if (op.opset >= 17) {
    const boxes = builder.cast(op.input('boxes'), 'float32')
    const given = op.optional('box_indices')
    const images = given ? builder.cast(given, 'int64') : range(builder, builder.dim(boxes, 0))
    return builder.squeeze(cropped(op, boxes, images), [1])
  }
  const roi = op.input('roi')
  const parts = staticDim(roi, 2)
  const flat = builder.reshape(roi, [builder.dim(roi, 0), parts])
  if (parts === 4) return cropped(op, flat, undefined)
  const images = builder.cast(builder.reshape(builder.slice(flat, [1], [0], [1]), [-1]), 'int64')
  return cropped(op, builder.slice(flat, [1], [1], [5]), images)
}

/** Positions outside of `size` pixels, mirrored into them: at the first and last pixels' centres, or at their outer edges. */
function mirrored(builder: GraphBuilder, positions: Value, size: ShapeElement, atEdges: boolean): Value {
  const half = builder.scalar(0.5)
  const length = float(builder, size)
  const span = atEdges ? length : builder.op('Max', [builder.op('Sub', [length, builder.scalar(1)]), builder.scalar(1e-6)])
  const period = builder.op('Mul', [span, builder.scalar(2)])
  const distance = builder.op('Abs', [atEdges ? builder.op('Add', [positions, half]) : positions])
  const within = builder.op('Mod', [distance, period], { fmod: 1 })
  const folded = builder.op('Min', [within, builder.op('Sub', [period, within])])
  return clamp(builder, atEdges ? builder.op('Sub', [folded, half]) : folded, size)
}

/** Samples x [B, C, H, W] at pixel coordinates [B, h, w] each. */
function sampled(op: OpContext, x: Value, columns: Value, rows: Value, padding: string, fill: number, nearest: boolean): Value {
  const { builder } = op
  if (nearest && (padding === 'reflection' || padding === 'symmetric')) {
    // onnxruntime looks for the nearest pixel before it mirrors, which breaks ties the other way.
    const inside = [columns, rows].map((positions, index) =>
      mirrored(builder, positions, builder.dim(x, 3 - index), padding === 'symmetric'),
    )
    return sampled(op, x, inside[0]!, inside[1]!, 'border', 0, true)
  }
  // Mirroring at the pixels' centres or at their edges: ONNX ties that to how coordinates are normalized. Between centres a single pixel has
  // no extent, and nothing would be outside of it.
  const single = x.dims[2] === 1 || x.dims[3] === 1
  const centred = padding !== 'symmetric' && !(padding === 'constant' && single)
  const normalized = [columns, rows].map((positions, index) => {
    const size = float(builder, builder.dim(x, 3 - index))
    const one = builder.scalar(1)
    if (centred) {
      const last = builder.op('Max', [builder.op('Sub', [size, one]), one])
      return builder.op('Sub', [builder.op('Mul', [positions, builder.op('Div', [builder.scalar(2), last])]), one])
    }
    const twice = builder.op('Add', [builder.op('Mul', [positions, builder.scalar(2)]), one])
    return builder.op('Sub', [builder.op('Div', [twice, size]), one])
  })
  const grid = builder.concat(
    normalized.map((value) => builder.unsqueeze(value, [3])),
    3,
  )
  const shifted = fill === 0 ? x : builder.op('Sub', [x, builder.scalar(fill)])
  const modes: Record<string, string> = { constant: 'zeros', border: 'border', reflection: 'reflection', symmetric: 'reflection' }
  const result = builder.op('GridSample', [shifted, grid], {
    mode: nearest ? 'nearest' : 'linear',
    padding_mode: modes[padding] ?? op.unsupported(`padding mode ${padding}`),
    align_corners: centred ? 1 : 0,
  })
  return fill === 0 ? result : builder.op('Add', [result, builder.scalar(fill)])
}

/** Coordinates as the op's mode gives them, in pixels. */
function pixelCoordinates(op: OpContext, positions: Value, size: ShapeElement): Value {
  const { builder } = op
  const mode = op.string('coordinates_mode').toLowerCase()
  if (mode === 'unnormalized') return positions
  const aligned = op.bool('align_corners', true)
  const length = float(builder, size)
  const extent = aligned ? builder.op('Sub', [length, builder.scalar(1)]) : length
  const unit =
    mode === 'normalized_zero_to_one'
      ? positions
      : builder.op('Mul', [builder.op('Add', [positions, builder.scalar(1)]), builder.scalar(0.5)])
  const scaled = builder.op('Mul', [unit, extent])
  return aligned ? scaled : builder.op('Sub', [scaled, builder.scalar(0.5)])
}

function resample(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const coordinates = builder.cast(op.input('coordinates'), 'float32')
  const [columns, rows] = [0, 1].map((index) =>
    pixelCoordinates(op, builder.squeeze(builder.slice(coordinates, [3], [index], [index + 1]), [3]), builder.dim(x, 3 - index)),
  )
  const padding = op.string('padding_mode').toLowerCase()
  const fill = padding === 'constant' ? op.number('padding_value', 0) : 0
  return sampled(op, x, columns!, rows!, padding, fill, op.string('sampling_mode').toLowerCase() === 'nearest')
}

function affine(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const [height, width] = [op.number('output_height'), op.number('output_width')]
  const aligned = op.bool('align_corners', true)
  const normalized = op.string('coordinates_mode').toLowerCase() !== 'unnormalized'
  // Output coordinates (x, y, 1), in the op's own units.
  const along = (index: number, size: number) => {
    if (!normalized) return index
    if (!aligned) return (2 * index + 1) / size - 1
    return size > 1 ? (2 * index) / (size - 1) - 1 : -1
  }
  const points = upTo(height).flatMap((row) => upTo(width).flatMap((column) => [along(column, width), along(row, height), 1]))
  const grid = builder.constant('float32', [height * width, 3], points, 'grid')
  const matrix = op.input('transform_matrix')
  const shaped = builder.reshape(matrix, [builder.dim(matrix, 0), 2, 3])
  // [D, h · w, 2]
  const moved = matmul(builder, grid, shaped, { transposeY: true })
  const batch = builder.dim(x, 0)
  const [columns, rows] = [0, 1].map((index) => {
    const part = builder.reshape(builder.slice(moved, [2], [index], [index + 1]), [builder.dim(matrix, 0), height, width])
    return builder.expand(pixelCoordinates(op, part, builder.dim(x, 3 - index)), [batch, height, width])
  })
  const padding = op.string('padding_mode').toLowerCase()
  return sampled(op, x, columns!, rows!, padding, padding === 'constant' ? op.number('padding_value', 0) : 0, false)
}

/** Resizing and sampling of images. */
export const imageResizing: LoweringTable = {
  affine,
  crop: (op) => {
    const x = op.input('x')
    const rank = x.dims.length
    const [top, bottom] = op.ints('crop_height') as [number, number]
    const [left, right] = op.ints('crop_width') as [number, number]
    const end = (amount: number) => (amount === 0 ? toEnd : -amount)
    return op.builder.slice(x, [rank - 2, rank - 1], [top, left], [end(bottom), end(right)])
  },
  crop_resize: cropResize,
  resample,
  resize,
  resize_bilinear: (op) => {
    const sizes = [op.number('target_size_height', 1), op.number('target_size_width', 1)]
    return resizeLinear(op, op.input('x'), sizes, op.string('sampling_mode', 'DEFAULT') as Sampling)
  },
  resize_nearest_neighbor: (op) =>
    resizeNearest(op, op.input('x'), [op.number('target_size_height'), op.number('target_size_width')], 'DEFAULT'),
  upsample_bilinear: (op) => {
    const x = op.input('x')
    const aligned = op.bool('align_corners', true)
    const halfPixels = op.bool('half_pixel_centers', !aligned)
    const sampling = aligned ? 'STRICT_ALIGN_CORNERS' : halfPixels ? 'UNALIGN_CORNERS' : 'DEFAULT'
    return resizeLinear(op, x, scaledSizes(op, x), sampling)
  },
  upsample_nearest_neighbor: (op) => {
    const x = op.input('x')
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
    return onnxResize(op.builder, x, scaledSizes(op, x), attributes)
  },
}
