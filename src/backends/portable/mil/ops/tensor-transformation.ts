import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { product } from '../../onnx/shape-element.ts'
import { toEnd } from '../../onnx/slice-bound.ts'
import { isStatic, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { normalAxes, normalAxis, range, upTo } from './common.ts'
import { sliceByIndex, sliceUpdate } from './slice.ts'

/** The dimensions of `value`, some split in several: one list of sizes for each, -1 for what remains. */
function rearrange(
  builder: GraphBuilder,
  value: Value,
  split: readonly ShapeElement[],
  perm: readonly number[],
  joined: readonly ShapeElement[],
): Value {
  return builder.reshape(builder.transpose(builder.reshape(value, split), perm), joined)
}

/** `size` (a number where known) divided by `by`. */
function divided(builder: GraphBuilder, size: ShapeElement, by: number): ShapeElement {
  if (typeof size === 'number') return size / by
  return builder.op('Div', [size, builder.scalar(by, 'int64')])
}

/** Whether a shape (int64 vector) holds a 0. */
function noElements(builder: GraphBuilder, shape: Value): Value {
  return builder.op('Equal', [builder.op('ReduceProd', [shape], { keepdims: 0 }), builder.scalar(0, 'int64')])
}

function reshape(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const shape = op.known('shape')
  const { dims } = op.output()
  // A 0 takes over the dimension at its place, since iOS 17 counted from the end; places that x does not have are of size 1.
  const offset = x.dims.length - (shape ?? dims).length
  const inherited = (axis: number) => {
    if (offset === 0) return builder.dim(x, axis)
    if (op.opset < 17) return 0
    return axis + offset < 0 ? 1 : builder.dim(x, axis + offset)
  }
  if (shape) {
    return builder.reshape(
      x,
      shape.map((size, axis) => (size === 0 ? inherited(axis) : size)),
    )
  }
  if (isStatic(dims)) return builder.reshape(x, dims)
  const vector = builder.cast(op.input('shape'), 'int64')
  const zero = builder.scalar(0, 'int64')
  const sizes = builder.op('Where', [builder.op('Equal', [vector, zero]), builder.shapeVector(upTo(dims.length).map(inherited)), vector])
  // Where x has no elements, a 0 may be a size as well: the one that the program computed, if nothing else fits.
  const isSize = builder.op('And', [noElements(builder, builder.shape(x)), builder.op('Not', [noElements(builder, sizes)])])
  const types = [{ type: x.type, dims }]
  return builder.op('Reshape', [x, builder.op('Where', [isSize, vector, sizes])], { allowzero: 1 }, { types })
}

function reshapeLike(op: OpContext): Value {
  const { builder } = op
  const references = op.inputs('ref_tensors')
  const begins = op.ints('begins')
  const ends = op.ints('ends')
  const masks = op.ints('end_masks')
  const shape = references.flatMap((reference, index) => {
    const dims = builder.dims(reference)
    return dims.slice(begins[index], masks[index] ? undefined : ends[index])
  })
  return builder.reshape(op.input('x'), shape)
}

function reverse(op: OpContext): Value {
  const x = op.input('x')
  const axes = op.has('axes') ? normalAxes(op.ints('axes'), x.dims.length) : upTo(x.dims.length)
  return flip(op.builder, x, axes)
}

/** `value` with the order along `axes` reversed. */
export function flip(builder: GraphBuilder, value: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return value
  const all = (number: number) => axes.map(() => number)
  return builder.slice(value, axes, all(-1), all(-(2 ** 31) + 1), all(-1))
}

function reverseSequence(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const rank = x.dims.length
  const batch = normalAxis(op.number('batch_axis', 0), rank)
  const time = normalAxis(op.number('seq_axis', 0), rank)
  const lengths = builder.cast(op.input('lengths'), 'int64')
  const perm = [batch, time, ...upTo(rank).filter((axis) => axis !== batch && axis !== time)]
  const moved = builder.transpose(x, perm)
  const reversed = builder.op('ReverseSequence', [moved, lengths], { batch_axis: 0, time_axis: 1 })
  return builder.transpose(reversed, inverse(perm))
}

/** The permutation that undoes `perm`. */
export function inverse(perm: readonly number[]): number[] {
  const result = Array<number>(perm.length)
  perm.forEach((axis, index) => {
    result[axis] = index
  })
  return result
}

function sliceBySize(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const rank = x.dims.length
  const begin = op.known('begin')
  const size = op.known('size')
  if (begin && size) {
    const ends = begin.map((start, axis) => {
      if (size[axis] === -1) return toEnd
      const end = start + size[axis]!
      // From the end up to the end: 0 would mean the start.
      return start < 0 && end >= 0 ? toEnd : end
    })
    return builder.slice(x, upTo(rank), begin, ends)
  }
  const shape = builder.shape(x)
  const zero = builder.scalar(0, 'int64')
  const from = builder.cast(op.input('begin'), 'int64')
  const starts = builder.op('Where', [builder.op('Less', [from, zero]), builder.op('Add', [from, shape]), from])
  const sizes = builder.cast(op.input('size'), 'int64')
  const isToEnd = builder.op('Less', [sizes, zero])
  const ends = builder.op('Where', [isToEnd, shape, builder.op('Add', [starts, sizes])])
  const { dims } = op.output()
  const known = dims.map((dim, axis) => dim ?? (size && size[axis]! > 0 ? size[axis]! : null))
  return builder.op('Slice', [x, starts, ends, builder.ints(upTo(rank))], {}, { types: [{ type: x.type, dims: known }] })
}

function slidingWindows(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const axis = normalAxis(op.number('axis'), x.dims.length)
  const size = op.number('size')
  const stride = op.number('stride', 1)
  const length = builder.dim(x, axis)
  const offsets = builder.ints(upTo(size))
  if (typeof length === 'number') {
    const count = Math.floor((length - size) / stride) + 1
    if (count < 1) op.fail(`windows of ${size} are larger than the dimension, which is ${length}`)
    const indices = upTo(count).flatMap((window) => upTo(size).map((offset) => window * stride + offset))
    return builder.op('Gather', [x, builder.constant('int64', [count, size], indices, 'windows')], { axis })
  }
  const count = builder.op('Add', [
    builder.op('Div', [builder.op('Sub', [length, builder.scalar(size, 'int64')]), builder.scalar(stride, 'int64')]),
    builder.scalar(1, 'int64'),
  ])
  const starts = builder.op('Mul', [range(builder, count), builder.scalar(stride, 'int64')])
  const indices = builder.op('Add', [builder.unsqueeze(starts, [1]), offsets])
  return builder.op('Gather', [x, indices], { axis })
}

function squeeze(op: OpContext): Value {
  const x = op.input('x')
  const rank = x.dims.length
  const given = op.has('axes') ? normalAxes(op.ints('axes'), rank) : upTo(rank)
  const declared = op.output().dims.length
  // Dimensions other than one stay, even where they are named.
  const gone = given.filter((axis) => x.dims[axis] === 1)
  const open = given.filter((axis) => x.dims[axis] === null)
  return op.builder.squeeze(x, gone.length < rank - declared && op.has('axes') ? [...gone, ...open].sort((a, b) => a - b) : gone)
}

/** Ops that rearrange elements. */
export const tensorTransformation: LoweringTable = {
  batch_to_space: (op) => {
    const { builder } = op
    const x = op.input('x')
    const [bh, bw] = op.ints('block_shape') as [number, number]
    const crops = op.ints('crops')
    const [n, c, h, w] = builder.dims(x) as [ShapeElement, ShapeElement, ShapeElement, ShapeElement]
    const batch = divided(builder, n, bh * bw)
    const spread = rearrange(
      builder,
      x,
      [bh, bw, batch, c, h, w],
      [2, 3, 4, 0, 5, 1],
      [batch, c, product(builder, [h, bh]), product(builder, [w, bw])],
    )
    if (crops.every((amount) => amount === 0)) return spread
    const pads = [0, 0, -crops[0]!, -crops[2]!, 0, 0, -crops[1]!, -crops[3]!]
    return builder.op('Pad', [spread, builder.ints(pads)])
  },
  depth_to_space: (op) => op.builder.op('DepthToSpace', [op.input('x')], { blocksize: op.number('block_size'), mode: 'DCR' }),
  expand_dims: (op) => {
    const x = op.input('x')
    const axes = op.ints('axes')
    return op.builder.unsqueeze(
      x,
      normalAxes(axes, x.dims.length + axes.length).sort((a, b) => a - b),
    )
  },
  pixel_shuffle: (op) => op.builder.op('DepthToSpace', [op.input('x')], { blocksize: op.number('upscale_factor'), mode: 'CRD' }),
  pixel_unshuffle: (op) => {
    const { builder } = op
    const x = op.input('x')
    const factor = op.number('downscale_factor')
    const [n, c, h, w] = builder.dims(x) as [ShapeElement, ShapeElement, ShapeElement, ShapeElement]
    const [height, width] = [divided(builder, h, factor), divided(builder, w, factor)]
    const joined = [n, product(builder, [c, factor * factor]), height, width]
    return rearrange(builder, x, [n, c, height, factor, width, factor], [0, 1, 3, 5, 2, 4], joined)
  },
  reshape,
  reshape_like: reshapeLike,
  reverse,
  reverse_sequence: reverseSequence,
  slice_by_index: sliceByIndex,
  slice_by_size: sliceBySize,
  slice_update: sliceUpdate,
  sliding_windows: slidingWindows,
  space_to_batch: (op) => {
    const { builder } = op
    const [bh, bw] = op.ints('block_shape') as [number, number]
    const paddings = op.ints('paddings')
    let x = op.input('x')
    if (paddings.some((amount) => amount !== 0)) {
      x = builder.op('Pad', [x, builder.ints([0, 0, paddings[0]!, paddings[2]!, 0, 0, paddings[1]!, paddings[3]!])])
    }
    const [n, c, h, w] = builder.dims(x) as [ShapeElement, ShapeElement, ShapeElement, ShapeElement]
    const [height, width] = [divided(builder, h, bh), divided(builder, w, bw)]
    return rearrange(builder, x, [n, c, height, bh, width, bw], [3, 5, 0, 1, 2, 4], [product(builder, [n, bh * bw]), c, height, width])
  },
  space_to_depth: (op) => op.builder.op('SpaceToDepth', [op.input('x')], { blocksize: op.number('block_size') }),
  squeeze,
  transpose: (op) => {
    const x = op.input('x')
    return op.builder.transpose(x, normalAxes(op.ints('perm'), x.dims.length))
  },
}
