import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { type Dim, sameDims, type Value } from '../../onnx/value.ts'
import type { OpContext } from '../context.ts'
import { product, range, toEnd, upTo } from './common.ts'

/** A slice in ONNX's terms: constants where known, else int64 vectors of the graph. */
interface Slice {
  starts: Value
  ends: Value
  steps: number[]
  /** Dimensions that the slice takes one element of, and drops. */
  squeezed: number[]
  /** Size along each axis, where known. */
  dims: Dim[]
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
  const vector = builder.cast(op.input(parameter), 'int64')
  if (replace.every((number) => number === undefined)) return { value: vector, known: replace.map(() => undefined) }
  const parts = replace.map((number, axis): ShapeElement => number ?? builder.reshape(builder.slice(vector, [0], [axis], [axis + 1]), []))
  return { value: builder.shapeVector(parts), known: [...replace] }
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
      if (openAxes.includes(axis)) return builder.reshape(builder.slice(wrapped, [0], [axis], [axis + 1]), [])
      return end.known[axis] ?? builder.reshape(builder.slice(end.value, [0], [axis], [axis + 1]), [])
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
  return { starts: begin.value, ends, steps, squeezed: upTo(rank).filter((axis) => squeezeMask[axis]), dims }
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
  const x = op.input('x')
  const slice = readSlice(op, x)
  return op.builder.squeeze(sliced(op.builder, x, slice), slice.squeezed)
}

/** numpy's x[begin:end:stride, …] = update. */
export function sliceUpdate(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const slice = readSlice(op, x)
  const update = builder.cast(op.input('update'), x.type)
  // Where do the elements go? The slice of a tensor that numbers the elements of x tells.
  const dims = builder.dims(x)
  const count = dims.every((dim) => typeof dim === 'number') ? product(dims as number[]) : builder.op('Size', [x])
  const numbers = builder.reshape(range(builder, count), dims)
  const positions = builder.reshape(sliced(builder, numbers, slice), [-1])
  const flat = builder.op('ScatterElements', [builder.reshape(x, [-1]), positions, builder.reshape(update, [-1])], { axis: 0 })
  return builder.reshape(flat, dims)
}
