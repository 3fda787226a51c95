import { elementCount } from '../../../model/tensor.ts'
import type { GraphBuilder, ShapeElement } from '../onnx/builder.ts'
import { product } from '../onnx/shape-element.ts'
import { isStatic, UnknownDimensionError, type Value } from '../onnx/value.ts'

/** Shape arithmetic that layers share. */

/** `value`, of rank 1 where it has rank 0. */
export function atLeastRank1(graph: GraphBuilder, value: Value): Value {
  return value.dims.length === 0 ? graph.reshape(value, [1]) : value
}

/** The first element of a value as a rank 0 value. */
export function firstOf(graph: GraphBuilder, value: Value): Value {
  if (isStatic(value.dims) && elementCount(value.dims) === 1) return scalarOf(graph, value)
  return graph.op('Gather', [vectorOf(graph, value), graph.scalar(0, 'int64')], { axis: 0 })
}

/** A value of one element as a rank 0 value. */
export function scalarOf(graph: GraphBuilder, value: Value): Value {
  return value.dims.length === 0 ? value : graph.reshape(value, [])
}

/** A shape of which at most one element is left to Reshape (-1), where elements are unknown. */
export function openShape(shape: readonly ShapeElement[]): ShapeElement[] {
  const unknown = shape.findIndex((element) => typeof element !== 'number')
  return shape.map((element, axis) => (axis === unknown ? -1 : element))
}

/** A value seen as [leading dimensions as one, the last `keep` dimensions]. */
export function collapseLeading(graph: GraphBuilder, value: Value, keep: number): Value {
  const rank = value.dims.length
  if (rank === keep + 1) return value
  const dims = graph.dims(value)
  const last = dims.slice(rank - keep)
  const leading = rank < keep + 1 ? 1 : product(graph, dims.slice(0, rank - keep))
  return graph.reshape(value, typeof leading === 'number' ? [leading, ...openShape(last)] : [-1, ...last])
}

/** The leading dimensions of `like` (all but the last `keep`) put back in front of the last `keep` dimensions of `value`. */
export function restoreLeading(graph: GraphBuilder, value: Value, like: Value, keep: number): Value {
  const rank = like.dims.length
  if (rank === keep + 1) return value
  const leading = graph.dims(like).slice(0, Math.max(0, rank - keep))
  const last = graph.dims(value).slice(value.dims.length - keep)
  return graph.reshape(value, reshapeTarget(value, [...leading, ...last]))
}

function reshapeTarget(value: Value, shape: readonly ShapeElement[]): readonly ShapeElement[] {
  return isStatic(value.dims) && elementCount(value.dims) === 0 ? shape : openShape(shape)
}

/** A whole-number value (float32 in the network) as int64. */
export function toInt64(graph: GraphBuilder, value: Value): Value {
  return graph.cast(value, 'int64')
}

/** An integer or boolean value back as float32. */
export function toFloat(graph: GraphBuilder, value: Value): Value {
  return graph.cast(value, 'float32')
}

/** A shape that a value of the network holds, as int64 vector. @throws UnknownDimensionError where its length, a rank, is not known */
export function shapeVectorOf(graph: GraphBuilder, value: Value): Value {
  const vector = vectorOf(graph, toInt64(graph, value))
  if (vector.dims[0] === null) throw new UnknownDimensionError(vector)
  return vector
}

/** A value as vector. */
export function vectorOf(graph: GraphBuilder, value: Value): Value {
  return value.dims.length === 1 ? value : graph.reshape(value, [-1])
}
