import type { GraphBuilder } from '../../onnx/builder.ts'
import type { Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { normalAxis, upTo } from './common.ts'
import { inverse } from './tensor-transformation.ts'

/** Indices in a type that every gathering kernel takes. */
function indicesOf(op: OpContext): Value {
  return op.builder.cast(op.input('indices'), 'int64')
}

function gather(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const indices = indicesOf(op)
  const rank = x.dims.length
  const axis = normalAxis(op.number('axis', 0), rank)
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

/** How updates combine with what is there, in ONNX's terms; subtracting and dividing turn the updates round first. */
function combination(op: OpContext, updates: Value, fallback: string): { updates: Value; reduction: string } {
  const { builder } = op
  const mode = op.string('mode', fallback)
  switch (mode) {
    case 'update':
      return { updates, reduction: 'none' }
    case 'add':
    case 'mul':
    case 'max':
    case 'min':
      return { updates, reduction: mode }
    case 'sub':
      return { updates: builder.op('Neg', [updates]), reduction: 'add' }
    case 'div':
      return { updates: builder.op('Reciprocal', [updates]), reduction: 'mul' }
    default:
      return op.unsupported(`mode ${mode}`)
  }
}

/** Runs a scattering in a type that its kernel combines elements of: division needs fractions, and bool knows no arithmetic. */
function scattering(
  op: OpContext,
  scatter: (builder: GraphBuilder, data: Value, indices: Value, updates: Value, reduction: string) => Value,
): Value {
  const { builder } = op
  const data = op.input('data')
  const mode = op.string('mode', 'add')
  const work = mode === 'div' && data.type !== 'float32' ? 'float32' : data.type === 'bool' && mode !== 'update' ? 'int32' : data.type
  const { updates, reduction } = combination(op, builder.cast(op.input('updates'), work), 'add')
  return builder.cast(scatter(builder, builder.cast(data, work), indicesOf(op), updates, reduction), data.type)
}

/** Picking elements by index, and putting them there. */
export const scatterGather: LoweringTable = {
  gather,
  gather_along_axis: (op) => {
    const x = op.input('x')
    return op.builder.op('GatherElements', [x, indicesOf(op)], { axis: normalAxis(op.number('axis', 0), x.dims.length) })
  },
  gather_nd: (op) => op.builder.op('GatherND', [op.input('x'), indicesOf(op)], { batch_dims: op.number('batch_dims', 0) }),
  scatter: (op) =>
    scattering(op, (builder, data, indices, updates, reduction) => {
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
    scattering(op, (builder, data, indices, updates, reduction) =>
      builder.op('ScatterElements', [data, indices, updates], {
        axis: normalAxis(op.number('axis', 0), data.dims.length),
        reduction,
      }),
    ),
  scatter_nd: (op) =>
    scattering(op, (builder, data, indices, updates, reduction) => builder.op('ScatterND', [data, indices, updates], { reduction })),
}
