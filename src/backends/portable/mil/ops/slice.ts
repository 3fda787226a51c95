import { elementCount } from '../../../../model/tensor.ts'
import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { asValue, product } from '../../onnx/shape-element.ts'
import { toEnd } from '../../onnx/slice-bound.ts'
import { constantNumbers, type Dim, isStatic, sameDims, type Value } from '../../onnx/value.ts'
import type { OpContext } from '../context.ts'
import { range, upTo } from './common.ts'

/** A slice in ONNX's terms: constants where known, else int64 vectors of the graph. */
interface Slice {
  starts: Value
  ends: Value
  steps: number[]
  /** Dimensions that the slice takes one element of, and drops. */
  squeezed: number[]
  /** Size along each axis, where known. */
  dims: Dim[]
  /** Whether an axis is known to be taken as it is. */
  whole: boolean[]
  /** The only element of the first axis that is taken, where known and a large one, counted from the front. */
  plane: number | undefined
}

/** The bound along one axis, as vector of one. */
function along(builder: GraphBuilder, bounds: Value, axis: number): Value {
  return builder.slice(bounds, [0], [axis], [axis + 1])
}

/** One bound of a slice, along every axis: the elements that a mask replaces, by constants. */
function bound(
  op: OpContext,
  parameter: string,
  replace: readonly (number | undefined)[],
): { value: Value; known: (number | undefined)[] } {
  const { builder } = op
  const given = op.known(parameter)
  if (given) {
    const known = given.map((number, axis) => replace[axis] ?? number)
    return { value: builder.ints(known), known }
  }
  const input = op.input(parameter)
  const vector = builder.cast(input, 'int64')
  const elements = knownElements(builder, input, replace.length)
  const known = replace.map((number, axis) => number ?? elements[axis])
  if (replace.every((number) => number === undefined)) return { value: vector, known }
  const parts = replace.map((number, axis): ShapeElement => number ?? builder.reshape(along(builder, vector, axis), []))
  return { value: builder.shapeVector(parts), known }
}

/** The elements of a vector that are constants: programs put bounds together of some and of what a run tells. */
function knownElements(builder: GraphBuilder, vector: Value, count: number): (number | undefined)[] {
  const parts = builder.partsOf(vector)?.values ?? []
  const elements = parts.flatMap((part): (number | undefined)[] => constantNumbers(part) ?? Array(part.dims[0] ?? 0).fill(undefined))
  const isComplete = elements.length === count && parts.every((part) => part.dims[0] !== null)
  return isComplete ? elements : Array(count).fill(undefined)
}

/** Reads begin, end, stride and masks of an op that slices `x` as numpy does. */
function readSlice(op: OpContext, x: Value): Slice {
  const { builder } = op
  const rank = x.dims.length
  const none = Array<boolean>(rank).fill(false)
  const stride = op.ints('stride', Array(rank).fill(1))
  const beginMask = op.bools('begin_mask', none)
  const endMask = op.bools('end_mask', none)
  const squeezeMask = op.bools('squeeze_mask', none)
  const steps = stride.map((step, axis) => (squeezeMask[axis] ? 1 : step))
  const begin = bound(
    op,
    'begin',
    beginMask.map((masked, axis) => (masked ? (steps[axis]! < 0 ? toEnd : 0) : undefined)),
  )
  // What is squeezed ends one behind its begin, and the last element's next one is the very end.
  const next = begin.known.map((start, axis) => {
    if (!squeezeMask[axis] || start === undefined) return undefined
    return start === -1 ? toEnd : start + 1
  })
  const end = bound(
    op,
    'end',
    endMask.map((masked, axis) => (squeezeMask[axis] ? (next[axis] ?? toEnd) : masked ? (steps[axis]! < 0 ? -toEnd : toEnd) : undefined)),
  )
  let ends = end.value
  const openAxes = upTo(rank).filter((axis) => squeezeMask[axis] && begin.known[axis] === undefined)
  if (openAxes.length > 0) {
    const after = builder.op('Add', [begin.value, builder.scalar(1, 'int64')])
    const wrapped = builder.op('Where', [builder.op('Equal', [after, builder.scalar(0, 'int64')]), builder.scalar(toEnd, 'int64'), after])
    const parts = upTo(rank).map((axis): ShapeElement => {
      if (openAxes.includes(axis)) return builder.reshape(along(builder, wrapped, axis), [])
      return end.known[axis] ?? builder.reshape(along(builder, end.value, axis), [])
    })
    ends = builder.shapeVector(parts)
  }
  const dims = x.dims.map((dim, axis): Dim => {
    if (squeezeMask[axis]) return 1
    if (beginMask[axis] && endMask[axis] && Math.abs(steps[axis]!) === 1) return dim
    const [from, to] = [begin.known[axis], end.known[axis]]
    if (dim === null || from === undefined || to === undefined) return null
    return lengthOf(dim, from, to, steps[axis]!)
  })
  const whole = upTo(rank).map((axis) => {
    const open = beginMask[axis]! && endMask[axis]! && !squeezeMask[axis]
    return steps[axis] === 1 && (open || (dims[axis] !== null && dims[axis] === x.dims[axis]))
  })
  const squeezed = upTo(rank).filter((axis) => squeezeMask[axis])
  return { starts: begin.value, ends, steps, squeezed, dims, whole, plane: planeOf(x, dims, begin.known[0]) }
}

/** Tensors of more planes, or smaller ones, are copied as a whole sooner than put together. */
const [mostPlanes, smallestPlane] = [256, 4096]

function planeOf(x: Value, dims: readonly Dim[], begin: number | undefined): number | undefined {
  if (begin === undefined || dims[0] !== 1 || !isStatic(x.dims)) return undefined
  const [size, ...plane] = x.dims as [number, ...number[]]
  if (size === 1 || size > mostPlanes || elementCount(plane) < smallestPlane) return undefined
  const index = begin < 0 ? begin + size : begin
  return index >= 0 && index < size ? index : undefined
}

/** The elements of the first axis that `x` was put together of. */
function planesOf(builder: GraphBuilder, x: Value): readonly Value[] | undefined {
  const parts = builder.partsOf(x)
  return parts?.axis === 0 && parts.values.every(({ dims }) => dims[0] === 1) ? parts.values : undefined
}

/** The same slice of the only plane that it takes. */
function ofPlane(builder: GraphBuilder, slice: Slice): Slice {
  const rank = slice.dims.length
  const bounds = (first: number, vector: Value) => builder.concat([builder.ints([first]), builder.slice(vector, [0], [1], [rank])], 0)
  const [starts, ends] = [bounds(0, slice.starts), bounds(1, slice.ends)]
  return { ...slice, starts, ends, steps: slice.steps.with(0, 1), whole: slice.whole.with(0, true), plane: undefined }
}

function lengthOf(size: number, start: number, end: number, step: number): number {
  const clamp = (position: number, low: number, high: number) => Math.min(Math.max(position < 0 ? position + size : position, low), high)
  if (step > 0) return Math.max(0, Math.ceil((clamp(end, 0, size) - clamp(start, 0, size)) / step))
  return Math.max(0, Math.ceil((clamp(end, -1, size - 1) - clamp(start, 0, size - 1)) / step))
}

function sliced(builder: GraphBuilder, x: Value, slice: Slice): Value {
  const rank = x.dims.length
  const steps = slice.steps.every((step) => step === 1) ? null : builder.ints(slice.steps)
  if (!steps && sameDims(slice.dims, x.dims)) return x
  if (slice.starts.constant && slice.ends.constant)
    return builder.op('Slice', [x, slice.starts, slice.ends, builder.ints(upTo(rank)), steps])
  const types = [{ type: x.type, dims: slice.dims }]
  return builder.op('Slice', [x, slice.starts, slice.ends, builder.ints(upTo(rank)), steps], {}, { types })
}

/** numpy's x[begin:end:stride, …]. */
export function sliceByIndex(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const slice = readSlice(op, x)
  const plane = slice.plane === undefined ? undefined : planesOf(builder, x)?.[slice.plane]
  return builder.squeeze(plane ? sliced(builder, plane, ofPlane(builder, slice)) : sliced(builder, x, slice), slice.squeezed)
}

/** numpy's x[begin:end:stride, …] = update. */
export function sliceUpdate(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const slice = readSlice(op, x)
  const update = builder.cast(op.input('update'), x.type)
  const { plane } = slice
  if (plane === undefined) return updated(builder, x, slice, update)
  // Such as the layer of a cache: each plane is written on its own, and all of them once, behind the last update, where a copy of the whole would follow
  // the other. What is in between is dropped when nobody reads it.
  const planes = planesOf(builder, x) ?? upTo(x.dims[0]!).map((index) => builder.slice(x, [0], [index], [index + 1]))
  return builder.concat(planes.with(plane, updated(builder, planes[plane]!, ofPlane(builder, slice), update)), 0)
}

function updated(builder: GraphBuilder, x: Value, slice: Slice, update: Value): Value {
  const dims = builder.dims(x)
  // Axes at the end that are written whole make up a row of a table, the others say which rows: an update of a cache writes few, and long ones.
  let leading = x.dims.length
  while (leading > 0 && slice.whole[leading - 1]) leading--
  if (leading === 0) return builder.reshape(update, dims)
  const table = builder.op('Flatten', [x], { axis: leading })
  const length = builder.dim(table, 1)
  const rows = builder.reshape(rowNumbers(builder, slice, dims.slice(0, leading)), [-1, 1])
  const values = builder.reshape(update, [-1, length])
  // ScatterND would take the rows as they are, but onnxruntime computes it on a copy of the whole.
  const places = builder.op('Expand', [rows, builder.op('Shape', [values])])
  const written = builder.op('ScatterElements', [table, places, values], { axis: 0 })
  return builder.reshape(written, dims)
}

/** Where the rows of a slice along the first axes are in a table of all of them. */
function rowNumbers(builder: GraphBuilder, slice: Slice, dims: readonly ShapeElement[]): Value {
  const places = dims.map((dim, axis) => {
    const taken = slice.whole[axis] ? range(builder, dim) : takenAlong(builder, slice, axis, dim)
    const stride = asValue(builder, product(builder, dims.slice(axis + 1)))
    return builder.reshape(builder.op('Mul', [taken, stride]), [-1, ...Array<number>(dims.length - 1 - axis).fill(1)])
  })
  return places.reduce((sum, place) => builder.op('Add', [sum, place]))
}

/** Which positions of one axis, of `size` elements, a slice takes. */
function takenAlong(builder: GraphBuilder, { starts, ends, steps }: Slice, axis: number, size: ShapeElement): Value {
  const [start, end] = [along(builder, starts, axis), along(builder, ends, axis)]
  return builder.op('Slice', [range(builder, size), start, end, builder.ints([0]), builder.ints([steps[axis]!])])
}
