import { ChannelOrder } from '../../../../format/index.ts'
import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { product } from '../../onnx/shape-element.ts'
import { isStatic, UnknownDimensionError, type Value } from '../../onnx/value.ts'
import { axisOf, input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { openShape, shapeVectorOf, toFloat, toInt64, vectorOf } from '../shapes.ts'

/** Layers that give elements another shape or order. */

/** Channels first to channels last in the last three dimensions, or back. */
function permuteLast(layer: LayerContext<unknown>, value: Value, order: readonly [number, number, number]): Value {
  const first = value.dims.length - 3
  return layer.graph.transpose(value, [...Array(first).keys(), ...order.map((axis) => first + axis)])
}

function broadcastTo(layer: LayerContext<unknown>, shape: Value): Value {
  return layer.graph.op('Expand', [input(layer), shape])
}

/**
 * Values that are put together, with ranks that differ in leading ones: the lowest rank is meant. The converter for ONNX writes an element of a shape,
 * which has no rank there, as [1, 1] beside vectors.
 */
function ofOneRank(graph: GraphBuilder, values: readonly Value[]): readonly Value[] {
  const lowest = Math.min(...values.map(({ dims }) => dims.length))
  return values.map((value) => {
    const surplus = value.dims.length - lowest
    return value.dims.slice(0, surplus).every((dim) => dim === 1) ? graph.squeeze(value, [...Array(surplus).keys()]) : value
  })
}

/** Values that are put together along `axis`: what is there once, as a constant is, goes to every element of the sequence and of the batch. */
function ofOneBatch(graph: GraphBuilder, values: readonly Value[], axis: number): readonly Value[] {
  return values.map((value) => {
    const repeated = value.dims.map((dim, at): ShapeElement => {
      const other = dim === 1 && at !== axis && at < value.dims.length - 3 && values.find(({ dims }) => dims[at] !== 1)
      return other ? graph.dim(other, at) : 1
    })
    return repeated.every((size) => size === 1) ? value : graph.expand(value, repeated)
  })
}

export const shapeLayers: LayerTable = {
  reshape: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const target = params.targetShape
    if (target.length < 3) throw invalid(layer, `a target shape of ${target.length} dimensions, not 3 or 4`)
    const [c, h, w] = target.slice(-3) as [number, number, number]
    const channelLast = params.mode !== ChannelOrder.CHANNEL_FIRST
    const ordered = channelLast ? permuteLast(layer, x, [1, 2, 0]) : x
    const elements = channelLast ? [h, w, c] : [c, h, w]
    const leading = graph.dims(x).slice(0, -3)
    // A sequence that is left out stays 1, and what leads is the batch alone.
    const sequence = target.length === 4 && layer.sequenceAxis ? target[0]! : leading[0]!
    const reshaped =
      sequence === leading[0] || leading[1] === 1
        ? graph.reshape(ordered, openOnce([sequence, ...leading.slice(1), ...elements]))
        : swapLeading(graph, graph.reshape(swapLeading(graph, ordered), openOnce([leading[1]!, sequence, ...elements])))
    return channelLast ? permuteLast(layer, reshaped, [2, 0, 1]) : reshaped
  },
  flatten: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const ordered = params.mode === ChannelOrder.CHANNEL_LAST ? permuteLast(layer, x, [1, 2, 0]) : x
    const dims = graph.dims(x)
    return graph.reshape(ordered, openShape([...dims.slice(0, -3), product(graph, dims.slice(-3)), 1, 1]))
  },
  permute: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const axes = params.axes.length > 0 ? params.axes : [0, 1, 2, 3]
    if (layer.sequenceAxis) {
      // The four axes are all but the batch.
      const of = [0, 2, 3, 4]
      const [sequence, ...others] = axes.map((axis) => of[axis]!)
      return graph.transpose(x, [sequence!, 1, ...others])
    }
    return graph.transpose(x, [0, ...axes.slice(1)])
  },
  transpose: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const surplus = x.dims.length - params.axes.length
    // An image of rank 4 is transposed as [channels, height, width] where three axes are named.
    if (surplus > 0 && x.dims.slice(0, surplus).every((dim) => dim === 1)) {
      return graph.transpose(graph.squeeze(x, [...Array(surplus).keys()]), params.axes)
    }
    return graph.transpose(x, params.axes)
  },
  concat: (layer) => {
    const axis = axisOf(layer, input(layer), layer.params.sequenceConcat ? -5 : -3)
    return layer.graph.concat(ofOneBatch(layer.graph, layer.inputs, axis), axis)
  },
  concatND: (layer) => {
    const { graph, params } = layer
    const inputs = ofOneRank(graph, layer.inputs)
    const first = inputs[0] ?? input(layer)
    const axis = axisOf(layer, first, params.axis)
    if (!params.interleave) return graph.concat(inputs, axis)
    const stacked = graph.concat(
      inputs.map((value) => graph.unsqueeze(value, [axis + 1])),
      axis + 1,
    )
    const dims = graph.dims(first)
    dims[axis] = product(graph, [dims[axis]!, inputs.length])
    return graph.reshape(stacked, openShape(dims))
  },
  split: (layer) => split(layer, axisOf(layer, input(layer), -3), layer.params.nOutputs || layer.outputCount),
  splitND: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const axis = axisOf(layer, x, params.axis)
    if (params.splitSizes.length === 0) return split(layer, axis, params.numSplits || layer.outputCount)
    return graph.ops('Split', [x, graph.ints(params.splitSizes)], { axis }, { outputs: params.splitSizes.length })
  },
  sequenceRepeat: (layer) => repeat(layer, -5, layer.params.nRepetitions || 1),
  tile: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const rank = x.dims.length
    const given = layer.inputs[1]
    if (!given) {
      if (params.reps.length > rank) throw invalid(layer, `repetitions for ${params.reps.length} axes of a value of rank ${rank}`)
      return graph.op('Tile', [x, graph.ints([...Array(rank - params.reps.length).fill(1), ...params.reps])])
    }
    const repeats = shapeVectorOf(layer.graph, input(layer, 1))
    const missing = rank - repeats.dims[0]!
    return graph.op('Tile', [x, missing > 0 ? graph.concat([graph.ints(Array(missing).fill(1)), repeats], 0) : repeats])
  },
  stack: (layer) => {
    const { graph } = layer
    const axis = axisOf(layer, input(layer), layer.params.axis, input(layer).dims.length + 1)
    return graph.concat(
      layer.inputs.map((value) => graph.unsqueeze(value, [axis])),
      axis,
    )
  },
  reverse: (layer) => {
    const axes = layer.params.reverseDim.flatMap((reversed, axis) => (reversed ? [axis] : []))
    return axes.length > 0 ? reversed(layer, input(layer), axes) : input(layer)
  },
  reverseSeq: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const lengths = vectorOf(graph, toInt64(graph, input(layer, 1)))
    const batch = axisOf(layer, x, params.batchAxis)
    const sequence = axisOf(layer, x, params.sequenceAxis)
    const order = [batch, sequence, ...x.dims.keys()].filter((axis, index, all) => all.indexOf(axis) === index)
    const back = order.map((_, axis) => order.indexOf(axis))
    const reversedPart = graph.op('ReverseSequence', [graph.transpose(x, order), lengths], { batch_axis: 0, time_axis: 1 })
    return graph.transpose(reversedPart, back)
  },
  getShape: (layer) => toFloat(layer.graph, layer.graph.shape(input(layer))),
  squeeze: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    if (params.squeezeAll && !isStatic(x.dims)) throw new UnknownDimensionError(x)
    const axes = params.squeezeAll
      ? [...x.dims.keys()].filter((axis) => x.dims[axis] === 1)
      : params.axes.map((axis) => axisOf(layer, x, axis))
    return graph.squeeze(x, axes)
  },
  expandDims: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const rank = x.dims.length + params.axes.length
    return graph.unsqueeze(
      x,
      params.axes.map((axis) => axisOf(layer, x, axis, rank)),
    )
  },
  flattenTo2D: (layer) => {
    const x = input(layer)
    const rank = x.dims.length
    const { axis } = layer.params
    return layer.graph.op('Flatten', [x], { axis: axis === rank ? rank : axisOf(layer, x, axis) })
  },
  reshapeLike: (layer) => reshapeTo(layer, layer.graph.dims(input(layer, 1))),
  reshapeStatic: (layer) => reshapeTo(layer, layer.params.targetShape),
  reshapeDynamic: (layer) => layer.graph.op('Reshape', [input(layer), shapeVectorOf(layer.graph, input(layer, 1))]),
  rankPreservingReshape: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    return reshapeTo(
      layer,
      params.targetShape.map((size, axis) => (size === 0 ? graph.dim(x, axis) : size)),
    )
  },
  broadcastToLike: (layer) => broadcastTo(layer, layer.graph.shape(input(layer, 1))),
  broadcastToStatic: (layer) => broadcastTo(layer, layer.graph.ints(layer.params.targetShape)),
  broadcastToDynamic: (layer) => broadcastTo(layer, shapeVectorOf(layer.graph, input(layer, 1))),
  slidingWindows: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const axis = axisOf(layer, x, params.axis)
    const { windowSize, step } = params
    if (step === 0 || windowSize === 0) throw invalid(layer, `windows of ${windowSize} in steps of ${step}`)
    const size = graph.dim(x, axis)
    if (typeof size === 'number') {
      const windows = Math.max(0, Math.floor((size - windowSize) / step) + 1)
      const places = Array.from({ length: windows * windowSize }, (_, i) => Math.floor(i / windowSize) * step + (i % windowSize))
      return graph.op('Gather', [x, graph.constant('int64', [windows, windowSize], places)], { axis })
    }
    const int = (value: number) => graph.scalar(value, 'int64')
    const starts = graph.op('Range', [int(0), graph.op('Sub', [size, int(windowSize - 1)]), int(step)])
    const places = graph.op('Add', [graph.unsqueeze(starts, [1]), graph.ints([...Array(windowSize).keys()])])
    return graph.op('Gather', [x, places], { axis })
  },
}

/** Elements in reverse order along axes. */
export function reversed(layer: LayerContext<unknown>, value: Value, axes: readonly number[]): Value {
  const { graph } = layer
  const all = (size: number) => graph.ints(axes.map(() => size))
  const types = [{ type: value.type, dims: value.dims }]
  return graph.op('Slice', [value, all(-1), all(-2147483648), graph.ints(axes), all(-1)], {}, { types })
}

/** Sequence and batch change places: elements of a batch are reshaped each on its own. */
function swapLeading(graph: GraphBuilder, value: Value): Value {
  return graph.transpose(value, [1, 0, 2, 3, 4])
}

/** A reshape target of which at most one element is open. */
function openOnce(shape: readonly ShapeElement[]): readonly ShapeElement[] {
  return shape.includes(-1) ? shape : openShape(shape)
}

function reshapeTo(layer: LayerContext<unknown>, shape: readonly ShapeElement[]): Value {
  return layer.graph.reshape(input(layer), openOnce(shape))
}

function split(layer: LayerContext<unknown>, axis: number, parts: number): Value[] {
  const { graph } = layer
  const x = input(layer)
  const size = graph.dim(x, axis)
  // Where the parts are not equal, the first ones are larger by one element.
  const spare = Array.from({ length: parts }, (_, part) => parts - 1 - part)
  const sizes =
    typeof size === 'number'
      ? graph.ints(spare.map((more) => Math.floor((size + more) / parts)))
      : graph.op('Div', [graph.op('Add', [size, graph.ints(spare)]), graph.ints([parts])])
  return graph.ops('Split', [x, sizes], { axis }, { outputs: parts })
}

function repeat(layer: LayerContext<unknown>, axis: number, times: number): Value {
  const x = input(layer)
  const at = axisOf(layer, x, axis)
  return times === 1 ? x : layer.graph.op('Tile', [x, layer.graph.ints(x.dims.map((_, index) => (index === at ? times : 1)))])
}
