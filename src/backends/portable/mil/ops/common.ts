import type { GraphBuilder } from '../../onnx/builder.ts'
import type { Value } from '../../onnx/value.ts'
import type { Lowering, OpContext } from '../context.ts'

/** `axis` counted from the front. */
export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis
}

export function normalAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => normalAxis(axis, rank))
}

/** `count` whole numbers from 0 on. */
export function upTo(count: number): number[] {
  return [...Array(count).keys()]
}

/** The ONNX op of the same meaning with one input. */
export function unary(opType: string): Lowering {
  return (op) => op.builder.op(opType, [op.input('x')])
}

/** A vector of one element a channel, shaped to broadcast along axis 1 of a value of `rank` dimensions. */
export function alongChannels(builder: GraphBuilder, vector: Value, rank: number): Value {
  if (vector.dims.length === 0) return vector
  return builder.reshape(vector, [-1, ...Array<number>(rank - 2).fill(1)])
}

/** A parameter as vector of `length` equal elements where it is left out. */
export function vectorOr(op: OpContext, parameter: string, length: number, fill: number): Value {
  return op.optional(parameter) ?? op.builder.constant('float32', [length], new Float32Array(length).fill(fill), parameter)
}

/** 0, 1, …, `count` - 1 as int64 vector. */
export function range(builder: GraphBuilder, count: number | Value): Value {
  if (typeof count === 'number') return builder.ints(upTo(count))
  return builder.op('Range', [builder.scalar(0, 'int64'), builder.cast(count, 'int64'), builder.scalar(1, 'int64')])
}
