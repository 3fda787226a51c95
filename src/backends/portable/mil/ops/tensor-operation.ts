import type { GraphBuilder } from '../../onnx/builder.ts'
import { floatRange } from '../../onnx/float-range.ts'
import { reflectPad } from '../../onnx/reflect-pad.ts'
import { product } from '../../onnx/shape-element.ts'
import { topK } from '../../onnx/top-k.ts'
import type { Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { computeType } from '../types.ts'
import { normalAxis, range, upTo } from './common.ts'

function bandPart(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const lower = op.number('lower', -1)
  const upper = op.number('upper', -1)
  if (lower < 0 && upper < 0) return x
  const rows = builder.unsqueeze(range(builder, dimOf(builder, x, -2)), [1])
  const columns = builder.unsqueeze(range(builder, dimOf(builder, x, -1)), [0])
  const above = builder.op('Sub', [columns, rows])
  const bounds: Value[] = []
  if (lower >= 0) bounds.push(builder.op('GreaterOrEqual', [above, builder.scalar(-lower, 'int64')]))
  if (upper >= 0) bounds.push(builder.op('LessOrEqual', [above, builder.scalar(upper, 'int64')]))
  const inside = bounds.length === 2 ? builder.op('And', bounds) : bounds[0]!
  return x.type === 'bool' ? builder.op('And', [x, inside]) : builder.op('Where', [inside, x, builder.scalar(0, x.type)])
}

function dimOf(builder: GraphBuilder, value: Value, axis: number): number | Value {
  return builder.dim(value, axis)
}

function concat(op: OpContext): Value {
  const { builder } = op
  const values = op.inputs('values')
  const target = computeType(op.output().dtype)
  const typed = values.map((value) => builder.cast(value, target))
  // Single numbers make a vector.
  if (typed.every((value) => value.dims.length === 0)) {
    return builder.concat(
      typed.map((value) => builder.reshape(value, [1])),
      0,
    )
  }
  const rank = typed[0]!.dims.length
  const axis = normalAxis(op.number('axis'), rank)
  if (!op.bool('interleave', false) || typed.length === 1) return builder.concat(typed, axis)
  const stacked = builder.concat(
    typed.map((value) => builder.unsqueeze(value, [axis + 1])),
    axis + 1,
  )
  const shape = builder.dims(typed[0]!)
  shape[axis] = product(builder, [shape[axis]!, typed.length])
  return builder.reshape(stacked, shape)
}

function split(op: OpContext): Value[] {
  const { builder } = op
  const x = op.input('x')
  const axis = normalAxis(op.number('axis'), x.dims.length)
  const outputs = op.outputTypes.length
  const sizes = op.known('split_sizes')
  if (outputs === 1 && (sizes || !op.has('split_sizes'))) return [x]
  const parts = sizes ? builder.ints(sizes) : op.has('split_sizes') ? builder.cast(op.input('split_sizes'), 'int64') : evenly(op, x, axis)
  return builder.ops('Split', [x, parts], { axis }, { outputs })
}

/** The same size for each output, so that a dimension that is no multiple is refused: ONNX's own `num_outputs` makes the last part smaller. */
function evenly(op: OpContext, x: Value, axis: number): Value {
  const { builder } = op
  const outputs = op.outputTypes.length
  const total = builder.dim(x, axis)
  if (typeof total !== 'number') return builder.expand(builder.op('Div', [total, builder.scalar(outputs, 'int64')]), [outputs])
  if (total % outputs !== 0) op.fail(`a dimension of ${total} cannot be split in ${outputs} equal parts`)
  return builder.ints(Array(outputs).fill(total / outputs))
}

function oneHot(op: OpContext): Value {
  const { builder } = op
  const indices = op.input('indices')
  const axis = normalAxis(op.number('axis', -1), indices.dims.length + 1)
  const size = op.known('one_hot_vector_size')?.[0] ?? builder.reshape(op.input('one_hot_vector_size'), [])
  // Compared with every position: an index outside the vector turns nothing on.
  const shape = upTo(indices.dims.length + 1).map((index) => (index === axis ? -1 : 1))
  const positions = builder.reshape(range(builder, size), shape)
  const here = builder.op('Equal', [builder.unsqueeze(builder.cast(indices, 'int64'), [axis]), positions])
  const { dtype } = op.output()
  const type = computeType(dtype)
  const [on, off] = [op.number('on_value', 1), op.number('off_value', 0)]
  if (type === 'bool') {
    const numbers = builder.op('Where', [here, builder.scalar(on, 'int32'), builder.scalar(off, 'int32')])
    return builder.cast(numbers, 'bool')
  }
  return builder.op('Where', [here, builder.scalar(on, type), builder.scalar(off, type)])
}

function pad(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const rank = x.dims.length
  const mode = { constant: 'constant', reflect: 'reflect', replicate: 'edge', symmetric: undefined }[op.string('mode', 'constant')]
  if (!mode) return op.unsupported(`mode ${op.string('mode')}`)
  const fill = mode === 'constant' ? builder.scalar(op.number('constant_val', 0), x.type) : null
  const amounts = op.known('pad')
  if (!amounts) {
    // Pairs of every dimension, as the format wants where a run tells them: first all before, then all behind.
    const pairs = builder.reshape(builder.cast(op.input('pad'), 'int64'), [rank, 2])
    const pads = builder.reshape(builder.transpose(pairs, [1, 0]), [2 * rank])
    return builder.op('Pad', [x, pads, fill], { mode }, { types: [{ type: x.type, dims: x.dims.map(() => null) }] })
  }
  const count = amounts.length / 2
  const pads = [...Array<number>(2 * rank).fill(0)]
  for (const index of upTo(count)) {
    pads[rank - count + index] = amounts[2 * index]!
    pads[2 * rank - count + index] = amounts[2 * index + 1]!
  }
  if (mode === 'reflect') return reflectPad(builder, x, pads)
  return builder.op('Pad', [x, builder.ints(pads), fill], { mode })
}

function range1d(op: OpContext): Value {
  const { builder } = op
  const type = computeType(op.output().dtype)
  const scalar = (parameter: string) => {
    const known = op.known(parameter)
    return known ? builder.scalar(known[0]!, type) : builder.reshape(builder.cast(op.input(parameter), type), [])
  }
  const [start, end, step] = [scalar('start'), scalar('end'), scalar('step')]
  return type === 'float32' ? floatRange(builder, start, end, step) : builder.op('Range', [start, end, step])
}

function topk(op: OpContext): Value[] {
  const { builder } = op
  const x = op.input('x')
  const axis = normalAxis(op.number('axis', -1), x.dims.length)
  const known = op.has('k') ? op.known('k')?.[0] : 1
  const count =
    known === undefined
      ? builder.reshape(builder.cast(op.input('k'), 'int64'), [1])
      : known === -1
        ? builder.shapeVector([builder.dim(x, axis)])
        : builder.ints([known])
  const [values, indices] = topK(builder, x, count, axis, !op.bool('ascending', false))
  return op.bool('return_indices', true) ? [values, indices] : [values]
}

/** Shape parameter as list of dimensions or as vector of the graph. */
function filled(op: OpContext, value: Value): Value {
  const { builder } = op
  const shape = op.known('shape')
  if (shape) return builder.expand(value, shape)
  const vector = builder.cast(op.input('shape'), 'int64')
  const dims = op.output().dims
  return builder.op('Expand', [value, vector], {}, { types: [{ type: value.type, dims }] })
}

/** Ops on whole tensors. */
export const tensorOperation: LoweringTable = {
  argsort: (op) => {
    const { builder } = op
    const x = op.input('x')
    const axis = normalAxis(op.number('axis', -1), x.dims.length)
    const count = builder.shapeVector([builder.dim(x, axis)])
    return topK(builder, x, count, axis, !op.bool('ascending', false))[1]
  },
  band_part: bandPart,
  concat,
  cumsum: (op) => {
    const { builder } = op
    const x = op.input('x')
    const axis = builder.scalar(normalAxis(op.number('axis', 0), x.dims.length), 'int64')
    const attributes = { exclusive: op.bool('exclusive', false) ? 1 : 0, reverse: op.bool('reverse', false) ? 1 : 0 }
    return builder.op('CumSum', [x, axis], attributes)
  },
  fill: (op) => filled(op, op.builder.scalar(op.number('value', 0), computeType(op.output().dtype))),
  fill_like: (op) => {
    const { builder } = op
    return builder.expand(builder.scalar(op.number('value', 0), computeType(op.output().dtype)), builder.dims(op.input('ref_tensor')))
  },
  flatten2d: (op) => {
    const x = op.input('x')
    const axis = normalAxis(op.number('axis', 1), x.dims.length)
    const known = x.dims.slice(0, axis)
    if (known.every((dim) => dim)) return op.builder.reshape(x, [product(op.builder, known as number[]), -1])
    return op.builder.op('Flatten', [x], { axis })
  },
  identity: (op) => op.operand('x') ?? op.fail('parameter x is missing'),
  non_zero: (op) => {
    const x = op.input('x')
    return op.builder.transpose(op.builder.op('NonZero', [x]), [1, 0])
  },
  one_hot: oneHot,
  pad,
  range_1d: range1d,
  shape: (op) => op.builder.cast(op.builder.shape(op.input('x')), 'int32'),
  split,
  stack: (op) => {
    const { builder } = op
    const target = computeType(op.output().dtype)
    const values = op.inputs('values').map((value) => builder.cast(value, target))
    const axis = normalAxis(op.number('axis'), values[0]!.dims.length + 1)
    return builder.concat(
      values.map((value) => builder.unsqueeze(value, [axis])),
      axis,
    )
  },
  tile: (op) => {
    const { builder } = op
    const x = op.input('x')
    const reps = op.known('reps')
    if (reps?.every((count) => count > 0)) return reps.every((count) => count === 1) ? x : builder.op('Tile', [x, builder.ints(reps)])
    const counts = builder.cast(op.input('reps'), 'int64')
    const [zero, one] = [builder.scalar(0, 'int64'), builder.scalar(1, 'int64')]
    // Converters of torch's `expand` divide the sizes asked for by the present ones, and older ones its -1 ("as it is") too: -1, or nothing
    // where there is more than one element, leaves the dimension alone in Core ML. A single element can be repeated no times.
    const least = builder.op('Where', [builder.op('Equal', [builder.shape(x), one]), zero, one])
    const repeats = builder.op('Where', [builder.op('Less', [counts, least]), one, counts])
    return builder.op('Tile', [x, repeats])
  },
  topk,
}
