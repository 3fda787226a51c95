import { elementCount, type TensorType } from '../../../model/tensor.ts'
import { broadcast, type InferenceRule } from './infer.ts'
import { sliceBound } from './slice-bound.ts'
import { constantNumbers, countOf, type Dim, isStatic, staticDim, type Value } from './value.ts'

/** Ops that move, pick or repeat elements. */

function axisOf(value: Value, axis: number): number {
  return axis < 0 ? axis + value.dims.length : axis
}

/** Dimensions that an int64 vector input spells out, or as many unknown ones. */
function spelledOut(vector: Value): Dim[] {
  return constantNumbers(vector) ?? Array<Dim>(Number(vector.dims[0] ?? 0)).fill(null)
}

export const shapingRules: Record<string, InferenceRule> = {
  Shape: ([x]) => [{ type: 'int64', dims: [x!.dims.length] }],
  Size: () => [{ type: 'int64', dims: [] }],
  Reshape: ([x, shape], { allowzero }) => {
    const dims = spelledOut(shape!).map((dim, axis) => (dim === 0 && !allowzero ? (x!.dims[axis] ?? null) : dim))
    const open = dims.indexOf(-1)
    if (open >= 0) {
      const others = dims.filter((_, axis) => axis !== open)
      dims[open] = isStatic(x!.dims) && isStatic(others) && elementCount(others) > 0 ? elementCount(x!.dims) / elementCount(others) : null
    }
    return [{ type: x!.type, dims }]
  },
  Transpose: ([x], { perm }) => {
    const order = (perm as number[] | undefined) ?? [...x!.dims.keys()].reverse()
    return [{ type: x!.type, dims: order.map((axis) => x!.dims[axis]!) }]
  },
  Concat: (inputs, { axis }) => {
    const first = inputs[0]!
    const at = axisOf(first, axis as number)
    const dims = first.dims.map((_, index): Dim => {
      const sizes = inputs.map((value) => value!.dims[index]!)
      if (index === at) return isStatic(sizes) ? sizes.reduce((a, b) => a + b, 0) : null
      return sizes.find((size) => size !== null) ?? null
    })
    return [{ type: first.type, dims }]
  },
  Split: ([x, sizes], { axis = 0 }, outputs) => {
    const at = axisOf(x!, axis as number)
    const total = x!.dims[at]!
    const given = sizes ? constantNumbers(sizes) : undefined
    return Array.from({ length: outputs }, (_, index) => {
      const even = total === null ? null : Math.ceil(total / outputs)
      const size = sizes ? (given?.[index] ?? null) : even === null ? null : Math.min(even, total! - even * index)
      return { type: x!.type, dims: x!.dims.map((dim, i) => (i === at ? size : dim)) }
    })
  },
  Slice: ([x, starts, ends, axes, steps]) => {
    const from = constantNumbers(starts)
    const to = constantNumbers(ends)
    const along = axes ? constantNumbers(axes) : [...x!.dims.keys()]
    const by = steps ? constantNumbers(steps) : undefined
    const dims = [...x!.dims]
    if (!along) return [{ type: x!.type, dims: dims.map(() => null) }]
    const count = axes ? along.length : Number(starts!.dims[0])
    for (let i = 0; i < count; i++) {
      const axis = axisOf(x!, along[i]!)
      const size = dims[axis]!
      const step = steps ? by?.[i] : 1
      dims[axis] = size === null || !from || !to || step === undefined ? null : sliceLength(size, from[i]!, to[i]!, step)
    }
    return [{ type: x!.type, dims }]
  },
  Squeeze: ([x, axes]) => {
    const given = axes ? constantNumbers(axes)! : [...x!.dims.keys()].filter((axis) => x!.dims[axis] === 1)
    const gone = new Set(given.map((axis) => axisOf(x!, axis)))
    return [{ type: x!.type, dims: x!.dims.filter((_, axis) => !gone.has(axis)) }]
  },
  Unsqueeze: ([x, axes]) => {
    const given = constantNumbers(axes)!
    const rank = x!.dims.length + given.length
    const fresh = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)))
    let next = 0
    return [{ type: x!.type, dims: Array.from({ length: rank }, (_, axis) => (fresh.has(axis) ? 1 : x!.dims[next++]!)) }]
  },
  Flatten: ([x], { axis = 1 }) => {
    const at = axisOf(x!, axis as number)
    return [{ type: x!.type, dims: [countOf(x!.dims.slice(0, at)), countOf(x!.dims.slice(at))] }]
  },
  Expand: ([x, shape]) => [{ type: x!.type, dims: broadcast([x!.dims, spelledOut(shape!)]) }],
  Tile: ([x, repeats]) => {
    const times = constantNumbers(repeats)
    return [{ type: x!.type, dims: x!.dims.map((dim, axis) => (dim === null || !times ? null : dim * times[axis]!)) }]
  },
  Pad: ([x, pads, , axes]) => {
    const amounts = constantNumbers(pads)
    const along = axes ? constantNumbers(axes)?.map((axis) => axisOf(x!, axis)) : [...x!.dims.keys()]
    if (!amounts || !along) return [{ type: x!.type, dims: x!.dims.map(() => null) }]
    const dims = [...x!.dims]
    along.forEach((axis, i) => {
      if (dims[axis] !== null) dims[axis] = dims[axis]! + amounts[i]! + amounts[i + along.length]!
    })
    return [{ type: x!.type, dims }]
  },
  Gather: ([x, indices], { axis = 0 }) => {
    const at = axisOf(x!, axis as number)
    return [{ type: x!.type, dims: [...x!.dims.slice(0, at), ...indices!.dims, ...x!.dims.slice(at + 1)] }]
  },
  GatherElements: ([x, indices]) => [{ type: x!.type, dims: indices!.dims }],
  GatherND: ([x, indices], { batch_dims = 0 }) => {
    // How many numbers an index has says the rank of the result.
    const depth = staticDim(indices!, -1)
    return [{ type: x!.type, dims: [...indices!.dims.slice(0, -1), ...x!.dims.slice((batch_dims as number) + depth)] }]
  },
  OneHot: ([indices, depth, values], { axis = -1 }) => {
    const rank = indices!.dims.length + 1
    const at = (axis as number) < 0 ? (axis as number) + rank : (axis as number)
    const dims = [...indices!.dims]
    dims.splice(at, 0, constantNumbers(depth)?.[0] ?? null)
    return [{ type: values!.type, dims }]
  },
  NonZero: ([x]) => [{ type: 'int64', dims: [x!.dims.length, null] }],
  Compress: ([x, condition], { axis }) => {
    const kept = constantNumbers(condition)?.filter(Boolean).length ?? null
    if (axis === undefined) return [{ type: x!.type, dims: [kept] }]
    const at = axisOf(x!, axis as number)
    return [{ type: x!.type, dims: x!.dims.map((dim, index) => (index === at ? kept : dim)) }]
  },
  TopK: ([x, k], { axis = -1 }) => {
    const at = axisOf(x!, axis as number)
    const dims = x!.dims.map((dim, index) => (index === at ? (constantNumbers(k)?.[0] ?? null) : dim))
    return [
      { type: x!.type, dims },
      { type: 'int64', dims },
    ]
  },
  Unique: ([x], { axis }, outputs) => {
    const dims = axis === undefined ? [null] : x!.dims.map((dim, index) => (index === axisOf(x!, axis as number) ? null : dim))
    return [{ type: x!.type, dims }, ...Array.from({ length: outputs - 1 }, () => ({ type: 'int64' as TensorType, dims: [null] }))]
  },
  ConstantOfShape: ([shape]) => [{ type: 'float32', dims: spelledOut(shape!) }],
  Range: ([start, limit, delta]) => {
    const [from, to, by] = [start, limit, delta].map((value) => constantNumbers(value)?.[0])
    const known = from !== undefined && to !== undefined && by !== undefined
    return [{ type: start!.type, dims: [known ? Math.max(0, Math.ceil((to - from) / by)) : null] }]
  },
  RandomUniform: (_, { shape, dtype = 'float32' }) => [{ type: dtype as TensorType, dims: shape as number[] }],
  RandomNormal: (_, { shape, dtype = 'float32' }) => [{ type: dtype as TensorType, dims: shape as number[] }],
  Multinomial: ([x], { sample_size = 1, dtype = 'int32' }) => [{ type: dtype as TensorType, dims: [x!.dims[0]!, sample_size as number] }],
  EyeLike: ([x], { dtype }) => [{ type: (dtype as TensorType | undefined) ?? x!.type, dims: x!.dims }],
}

/** Elements that ONNX's Slice keeps of `size`. */
function sliceLength(size: number, start: number, end: number, step: number): number {
  if (step > 0) return Math.max(0, Math.ceil((sliceBound(end, size) - sliceBound(start, size)) / step))
  return Math.max(0, Math.ceil((sliceBound(end, size, -1, size - 1) - sliceBound(start, size, 0, size - 1)) / step))
}
