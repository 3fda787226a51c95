import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { asValue } from '../../onnx/shape-element.ts'
import { staticDim, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { normalAxis, upTo } from './common.ts'
import { inverse } from './tensor-transformation.ts'

/**
 * Indices in a type that every kernel takes; `sizes` are the dimensions that they point into, one for each component of an index.
 * Before iOS 17 negative ones count from the end, as in ONNX. Since then they are out of bounds, which is an error where the op validates
 * its indices, and else undefined, but safe here: such indices point to the first element.
 */
function indicesOf(op: OpContext, sizes: readonly ShapeElement[]): Value {
  const { builder } = op
  const indices = builder.cast(op.input('indices'), 'int64')
  if (op.opset < 17) return indices
  const validate = op.bool('validate_indices', false)
  const known = op.known('indices')
  if (known && sizes.every((size) => typeof size === 'number')) {
    const size = (position: number) => sizes[position % sizes.length] as number
    const outside = known.find((index, position) => index < 0 || index >= size(position))
    if (outside === undefined) return indices
    if (validate) op.fail(`index ${outside} is out of bounds`)
    const inside = known.map((index, position) => (index < 0 || index >= size(position) ? 0 : index))
    return builder.constant('int64', indices.dims as number[], inside, 'indices')
  }
  const bounds = sizes.length === 1 ? asValue(builder, sizes[0]!) : builder.shapeVector(sizes)
  const zero = builder.scalar(0, 'int64')
  const negative = builder.op('Less', [indices, zero])
  // What equals the size is out of bounds for onnxruntime too, which says so.
  if (validate) return builder.op('Where', [negative, bounds, indices])
  const beyond = builder.op('GreaterOrEqual', [indices, bounds])
  return builder.op('Where', [builder.op('Or', [negative, beyond]), zero, indices])
}

/** Sizes of the dimensions that the components of an index of gather_nd and scatter_nd point into. */
function indexedSizes(op: OpContext, data: Value, batch: number): ShapeElement[] {
  const depth = staticDim(op.input('indices'), -1)
  return op.builder.dims(data).slice(batch, batch + depth)
}

function gather(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const rank = x.dims.length
  const axis = normalAxis(op.number('axis', 0), rank)
  const indices = indicesOf(op, [builder.dim(x, axis)])
  const batch = op.number('batch_dims', 0)
  if (batch === 0) return builder.op('Gather', [x, indices], { axis })
  // With the axis brought behind the batch dimensions, it is a gathering of slices for each batch.
  const between = upTo(rank).slice(batch, axis)
  const behind = upTo(rank).slice(axis + 1)
  const moved = builder.transpose(x, [...upTo(batch), axis, ...between, ...behind])
  const picked = builder.op('GatherND', [moved, builder.unsqueeze(indices, [indices.dims.length])], { batch_dims: batch })
  const fresh = indices.dims.length - batch
  const positions = upTo(picked.dims.length)
  const perm = [
    ...positions.slice(0, batch),
    ...positions.slice(batch + fresh, batch + fresh + between.length),
    ...positions.slice(batch, batch + fresh),
    ...positions.slice(batch + fresh + between.length),
  ]
  return builder.transpose(picked, perm)
}

/** How updates combine with what is there, in ONNX's terms; subtracting turns the updates round first. */
function combination(op: OpContext, updates: Value, mode: string): { updates: Value; reduction: string } {
  switch (mode) {
    case 'update':
      return { updates, reduction: 'none' }
    case 'add':
    case 'mul':
    case 'max':
    case 'min':
      return { updates, reduction: mode }
    case 'sub':
      return { updates: op.builder.op('Neg', [updates]), reduction: 'add' }
    default:
      return op.unsupported(`mode ${mode}`)
  }
}

/** Runs a scattering in a type that its kernel combines elements of: bool knows no arithmetic. */
function scattering(
  op: OpContext,
  sizes: (data: Value) => ShapeElement[],
  scatter: (builder: GraphBuilder, data: Value, indices: Value, updates: Value, reduction: string) => Value,
): Value {
  const { builder } = op
  const data = op.input('data')
  const given = op.input('updates')
  const mode = op.string('mode', 'add')
  const indices = indicesOf(op, sizes(data))
  if (mode === 'div') {
    // ONNX does not divide, but multiplies: the divisors of each element. Integers and their quotients are exact in float64.
    const work = data.type === 'float32' ? 'float32' : 'float64'
    const ones = builder.expand(builder.scalar(1, work), builder.dims(data))
    const divisors = scatter(builder, ones, indices, builder.cast(given, work), 'mul')
    return builder.cast(builder.op('Div', [builder.cast(data, work), divisors]), data.type)
  }
  const work = data.type === 'bool' && mode !== 'update' ? 'int32' : data.type
  const { updates, reduction } = combination(op, builder.cast(given, work), mode)
  return builder.cast(scatter(builder, builder.cast(data, work), indices, updates, reduction), data.type)
}

/** Picking elements by index, and putting them there. */
export const scatterGather: LoweringTable = {
  gather,
  gather_along_axis: (op) => {
    const x = op.input('x')
    const axis = normalAxis(op.number('axis', 0), x.dims.length)
    return op.builder.op('GatherElements', [x, indicesOf(op, [op.builder.dim(x, axis)])], { axis })
  },
  gather_nd: (op) => {
    const x = op.input('x')
    const batch = op.number('batch_dims', 0)
    return op.builder.op('GatherND', [x, indicesOf(op, indexedSizes(op, x, batch))], { batch_dims: batch })
  },
  scatter: (op) =>
    scattering(op, alongAxis(op), (builder, data, indices, updates, reduction) => {
      const rank = data.dims.length
      const axis = normalAxis(op.number('axis', 0), rank)
      // Scattering whole slices along the first axis.
      const perm = [axis, ...upTo(rank).filter((other) => other !== axis)]
      const column = builder.unsqueeze(indices, [indices.dims.length])
      const moved = builder.transpose(data, perm)
      const result = builder.op('ScatterND', [moved, column, builder.transpose(updates, perm)], { reduction })
      return builder.transpose(result, inverse(perm))
    }),
  scatter_along_axis: (op) =>
    scattering(op, alongAxis(op), (builder, data, indices, updates, reduction) =>
      builder.op('ScatterElements', [data, indices, updates], {
        axis: normalAxis(op.number('axis', 0), data.dims.length),
        reduction,
      }),
    ),
  scatter_nd: (op) =>
    scattering(
      op,
      (data) => indexedSizes(op, data, 0),
      (builder, data, indices, updates, reduction) => builder.op('ScatterND', [data, indices, updates], { reduction }),
    ),
}

/** The size of the op's axis. */
function alongAxis(op: OpContext): (data: Value) => ShapeElement[] {
  return (data) => [op.builder.dim(data, normalAxis(op.number('axis', 0), data.dims.length))]
}
