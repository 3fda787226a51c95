import { ScatterMode } from '../../../../format/index.ts'
import type { GraphBuilder } from '../../onnx/builder.ts'
import type { Value } from '../../onnx/value.ts'
import { axisOf, input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { toInt64 } from '../shapes.ts'

/** Layers that read or write elements by index. Negative indices count from the end. */

const reductions: Record<number, string> = {
  [ScatterMode.UPDATE]: 'none',
  [ScatterMode.ADD]: 'add',
  [ScatterMode.SUB]: 'add',
  [ScatterMode.MUL]: 'mul',
  [ScatterMode.DIV]: 'mul',
  [ScatterMode.MAX]: 'max',
  [ScatterMode.MIN]: 'min',
}

/** Scatters by `write` (an ONNX op with its reduction) in any of the format's modes. */
function accumulate(
  layer: LayerContext<{ mode: number }>,
  container: Value,
  updates: Value,
  write: (container: Value, updates: Value, reduction: string) => Value,
): Value {
  const { graph } = layer
  const { mode } = layer.params
  const reduction = reductions[mode]
  if (!reduction) throw invalid(layer, `unknown mode ${mode}`)
  if (mode === ScatterMode.SUB) return write(container, graph.op('Neg', [updates]), reduction)
  if (mode !== ScatterMode.DIV) return write(container, updates, reduction)
  // Divisors multiply in a tensor of their own, so that each element is divided once.
  const ones = graph.expand(graph.scalar(1), graph.dims(container))
  return graph.op('Div', [container, write(ones, updates, reduction)])
}

/**
 * A value without the leading ones that it has beyond `rank`. coremltools counts loops over lists of rows with a number that has no rank where it comes from, and
 * shape [1] in the network: a row picked by it has a one in front.
 */
function withoutSurplus(graph: GraphBuilder, value: Value, rank: number): Value {
  const surplus = value.dims.slice(0, Math.max(0, value.dims.length - rank))
  return surplus.every((dim) => dim === 1) ? graph.squeeze(value, [...surplus.keys()]) : value
}

export const gatherScatterLayers: LayerTable = {
  gather: (layer) => {
    const { graph } = layer
    const x = input(layer)
    const indices = toInt64(graph, input(layer, 1))
    return graph.op('Gather', [x, indices], { axis: axisOf(layer, x, layer.params.axis) })
  },
  gatherND: (layer) => layer.graph.op('GatherND', [input(layer), toInt64(layer.graph, input(layer, 1))]),
  gatherAlongAxis: (layer) => {
    const x = input(layer)
    return layer.graph.op('GatherElements', [x, toInt64(layer.graph, input(layer, 1))], { axis: axisOf(layer, x, layer.params.axis) })
  },
  scatter: (layer) => {
    const { graph, params } = layer
    const container = input(layer)
    const indices = toInt64(graph, input(layer, 1))
    const updates = withoutSurplus(graph, input(layer, 2), container.dims.length - 1 + indices.dims.length)
    const axis = axisOf(layer, container, params.axis)
    // The axis goes to the front of the container, the dimensions of the indices to the front of the updates.
    const rank = container.dims.length
    const order = [axis, ...Array(rank).keys()].filter((each, index, all) => all.indexOf(each) === index)
    const indexed = indices.dims.map((_, index) => axis + index)
    const others = [...updates.dims.keys()].filter((each) => !indexed.includes(each))
    const y = accumulate(
      layer,
      graph.transpose(container, order),
      graph.transpose(updates, [...indexed, ...others]),
      (into, what, reduction) => graph.op('ScatterND', [into, graph.unsqueeze(indices, [indices.dims.length]), what], { reduction }),
    )
    return graph.transpose(
      y,
      order.map((_, each) => order.indexOf(each)),
    )
  },
  scatterND: (layer) => {
    const { graph } = layer
    const indices = toInt64(graph, input(layer, 1))
    return accumulate(layer, input(layer), input(layer, 2), (into, what, reduction) =>
      graph.op('ScatterND', [into, indices, what], { reduction }),
    )
  },
  scatterAlongAxis: (layer) => {
    const { graph, params } = layer
    const container = input(layer)
    const indices = toInt64(graph, input(layer, 1))
    const axis = axisOf(layer, container, params.axis)
    return accumulate(layer, container, input(layer, 2), (into, what, reduction) =>
      graph.op('ScatterElements', [into, indices, what], { axis, reduction }),
    )
  },
}
