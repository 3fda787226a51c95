import type { GraphBuilder } from '../../onnx/builder.ts'
import { asValue } from '../../onnx/shape-element.ts'
import type { Dim, Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import type { ListOperand } from '../operand.ts'
import { computeType } from '../types.ts'
import { upTo } from './common.ts'

/** Number of elements of a list, as int64 scalar. */
function lengthOf(builder: GraphBuilder, list: Value): Value {
  return asValue(builder, builder.dim(list, 0))
}

/** The list with room for at least `length` elements (int64 scalar), of the dimensions that `element` (a value of the element's rank) has. */
function grown(builder: GraphBuilder, list: Value, length: Value, element: Value): Value {
  const rank = list.dims.length
  // Dimensions that were not known when the list was made are 1 and stretch.
  const stretched = builder.op(
    'Expand',
    [list, builder.concat([builder.ints([1]), builder.shape(element)], 0)],
    {},
    {
      types: [{ type: list.type, dims: [list.dims[0]!, ...element.dims] }],
    },
  )
  const zero = builder.scalar(0, 'int64')
  const missing = builder.op('Max', [builder.op('Sub', [length, lengthOf(builder, list)]), zero])
  const pads = builder.shapeVector(upTo(2 * rank).map((index) => (index === rank ? missing : 0)))
  const padded = list.type === 'bool' ? builder.cast(stretched, 'int32') : stretched
  const dims: Dim[] = [null, ...element.dims]
  const result = builder.op('Pad', [padded, pads], {}, { types: [{ type: padded.type, dims }] })
  return builder.cast(result, list.type)
}

function makeList(op: OpContext): ListOperand {
  const { builder } = op
  const type = op.outputTypes[0]
  if (type?.kind !== 'list' || type.element.kind !== 'tensor') return op.fail('the list has no element type')
  const element = type.element
  const shape = element.dims.map((dim) => dim ?? 1)
  const zero = builder.scalar(0, computeType(element.dtype))
  const known = op.has('init_length') ? op.known('init_length')?.[0] : 1
  const length = known ?? builder.reshape(builder.cast(op.input('init_length'), 'int64'), [])
  return { kind: 'list', element, value: builder.expand(zero, [length, ...shape]) }
}

function write(op: OpContext, indices: Value, values: Value): ListOperand {
  const { builder } = op
  const list = op.list('ls')
  const typed = builder.cast(values, list.value.type)
  const element: Value = builder.reshape(
    builder.op('Gather', [typed, builder.scalar(0, 'int64')], { axis: 0 }),
    builder.dims(typed).slice(1),
  )
  const most = builder.op('ReduceMax', [indices], { keepdims: 0 })
  const room = grown(builder, list.value, builder.op('Add', [most, builder.scalar(1, 'int64')]), element)
  const value = builder.op('ScatterND', [room, builder.unsqueeze(indices, [1]), typed])
  return { ...list, value }
}

/** Brings what is known of the element's shape to a value that was taken from a list. */
function taken(op: OpContext, value: Value): Value {
  const declared = op.output().dims
  return { ...value, dims: value.dims.map((_, axis) => declared[axis] ?? null) }
}

/** Lists of tensors. */
export const list: LoweringTable = {
  make_list: makeList,
  list_length: (op) => lengthOf(op.builder, op.list('ls').value),
  list_read: (op) => {
    const { builder } = op
    const index = builder.reshape(builder.cast(op.input('index'), 'int64'), [])
    return taken(op, builder.op('Gather', [op.list('ls').value, index], { axis: 0 }))
  },
  list_write: (op) => {
    const { builder } = op
    const index = builder.reshape(builder.cast(op.input('index'), 'int64'), [1])
    return write(op, index, builder.unsqueeze(op.input('value'), [0]))
  },
  list_gather: (op) => {
    const { builder } = op
    const indices = builder.cast(op.input('indices'), 'int64')
    return taken(op, builder.op('Gather', [op.list('ls').value, indices], { axis: 0 }))
  },
  list_scatter: (op) => write(op, op.builder.cast(op.input('indices'), 'int64'), op.input('value')),
}
