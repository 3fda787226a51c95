import type { GraphBuilder } from './builder.ts'
import type { Value } from './value.ts'

/**
 * Images cross as pixels; models compute on planes. Axes move while elements are bytes, and whole planes are left out or put in another order: single bytes
 * are slow to copy.
 */

/** Order of the channels that a model computes on. */
export type ChannelOrder = 'rgb' | 'bgr'

/** RGBA pixels [height, width, 4] as float32 planes [3, height, width]. */
export function planesOf(graph: GraphBuilder, pixels: Value, order: ChannelOrder): Value {
  const planes = graph.transpose(pixels, [2, 0, 1])
  return graph.cast(order === 'rgb' ? graph.slice(planes, [0], [0], [3]) : reversed(graph, planes), 'float32')
}

/** Opaque RGBA pixels [height, width, 4] of planes [3, height, width]. */
export function pixelsOf(graph: GraphBuilder, planes: Value, order: ChannelOrder): Value {
  const levels = levelsOf(graph, planes)
  const ordered = order === 'rgb' ? levels : reversed(graph, levels)
  const [, height, width] = graph.dims(ordered)
  const opaque = graph.expand(graph.scalar(255, 'uint8'), [1, height!, width!])
  return graph.transpose(graph.concat([ordered, opaque], 0), [1, 2, 0])
}

/** Levels of an image: rounded and cut to 0 … 255. */
export function levelsOf(graph: GraphBuilder, value: Value): Value {
  return graph.cast(graph.op('Clip', [graph.op('Round', [value]), graph.scalar(0), graph.scalar(255)]), 'uint8')
}

/** The first three planes, the third one first. */
function reversed(graph: GraphBuilder, planes: Value): Value {
  return graph.op('Gather', [planes, graph.ints([2, 1, 0])], { axis: 0 })
}
