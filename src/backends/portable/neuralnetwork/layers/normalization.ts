import type { WeightParams } from '../../../../format/index.ts'
import { elementCount } from '../../../../model/tensor.ts'
import type { Value } from '../../onnx/value.ts'
import { axisOf, input, isPresent, type LayerContext, type LayerTable, weight } from '../layer.ts'
import { collapseLeading, restoreLeading } from '../shapes.ts'

/** Normalization, scaling and constants. */

/** A parameter that may be left out. */
function weightOr(layer: LayerContext<unknown>, params: WeightParams | undefined, dims: readonly number[], fill: number): Value {
  if (isPresent(params)) return weight(layer, params, dims)
  return layer.graph.constant('float32', dims, new Float32Array(elementCount(dims)).fill(fill))
}

/** A shape of [1], [C], [1, H, W] or [C, H, W], as it broadcasts over the last three dimensions. */
function overChannels(shape: readonly number[]): number[] {
  return shape.length === 1 && shape[0]! > 1 ? [shape[0]!, 1, 1] : [...shape]
}

/** (x − mean) / sqrt(variance + epsilon) over the given axes. */
function standardize(layer: LayerContext<unknown>, x: Value, axes: readonly number[], epsilon: number | undefined): Value {
  const { graph } = layer
  const over = graph.ints(axes)
  const centred = graph.op('Sub', [x, graph.op('ReduceMean', [x, over], { keepdims: 1 })])
  if (epsilon === undefined) return centred
  const variance = graph.op('ReduceMean', [graph.op('Mul', [centred, centred]), over], { keepdims: 1 })
  return graph.op('Div', [centred, graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(epsilon)])])])
}

/** Sum of squares over `size` neighbouring channels, for windows that ONNX's LRN does not take: even ones, which reach further back, as torch's do. */
function neighbouringSquares(layer: LayerContext<unknown>, x: Value, size: number): Value {
  const { graph } = layer
  const before = Math.floor(size / 2)
  const channels = graph.dim(x, 1)
  const beside = (amount: number) => x.dims.map((_, axis) => (axis === 1 ? amount : 0))
  const padded = graph.op('Pad', [graph.op('Mul', [x, x]), graph.ints([...beside(before), ...beside(size - 1 - before)])])
  let sum: Value | undefined
  for (let shift = 0; shift < size; shift++) {
    const end =
      typeof channels === 'number'
        ? graph.ints([channels + shift])
        : graph.reshape(graph.op('Add', [channels, graph.scalar(shift, 'int64')]), [1])
    const part = graph.op('Slice', [padded, graph.ints([shift]), end, graph.ints([1])], {}, { types: [{ type: x.type, dims: x.dims }] })
    sum = sum ? graph.op('Add', [sum, part]) : part
  }
  return sum!
}

export const normalizationLayers: LayerTable = {
  batchnorm: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const channels = params.channels
    const epsilon = params.epsilon || 1e-5
    const gamma = weightOr(layer, params.gamma, [channels], 1)
    const beta = weightOr(layer, params.beta, [channels], 0)
    const images = collapseLeading(graph, x, 3)
    let y: Value
    if (!params.computeMeanVar) {
      const mean = weightOr(layer, params.mean, [channels], 0)
      const variance = weightOr(layer, params.variance, [channels], 1)
      y = graph.op('BatchNormalization', [images, gamma, beta, mean, variance], { epsilon })
    } else if (params.instanceNormalization) {
      y = graph.op('InstanceNormalization', [images, gamma, beta], { epsilon })
    } else {
      const normal = standardize(layer, images, [0, 2, 3], epsilon)
      const spread = (value: Value) => graph.reshape(value, [channels, 1, 1])
      y = graph.op('Add', [graph.op('Mul', [normal, spread(gamma)]), spread(beta)])
    }
    return restoreLeading(graph, y, x, 3)
  },
  mvn: (layer) => {
    const { params } = layer
    const axes = params.acrossChannels ? [-3, -2, -1] : [-2, -1]
    return standardize(layer, input(layer), axes, params.normalizeVariance ? params.epsilon || 1e-6 : undefined)
  },
  l2normalize: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const squares = graph.op('ReduceSumSquare', [x, graph.ints([-3, -2, -1])], { keepdims: 1 })
    return graph.op('Div', [x, graph.op('Sqrt', [graph.op('Add', [squares, graph.scalar(params.epsilon || 1e-6)])])])
  },
  lrn: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const { alpha, beta, localSize: size } = params
    const bias = params.k || 1
    const images = collapseLeading(graph, x, 3)
    if (size % 2 === 1) return restoreLeading(graph, graph.op('LRN', [images], { alpha, beta, bias, size }), x, 3)
    const squares = neighbouringSquares(layer, images, size)
    const sum = graph.op('Add', [graph.op('Mul', [squares, graph.scalar(alpha / size)]), graph.scalar(bias)])
    return restoreLeading(graph, graph.op('Div', [images, graph.op('Pow', [sum, graph.scalar(beta)])]), x, 3)
  },
  layerNormalization: (layer) => {
    const { graph, params } = layer
    const shape = params.normalizedShape
    const x = input(layer)
    const gamma = weightOr(layer, params.gamma, shape, 1)
    const beta = weightOr(layer, params.beta, shape, 0)
    return graph.op('LayerNormalization', [x, gamma, beta], { axis: axisOf(layer, x, -shape.length), epsilon: params.eps })
  },
  scale: (layer) => {
    const { graph, params } = layer
    const scaled = graph.op('Mul', [input(layer), weight(layer, params.scale, overChannels(params.shapeScale))])
    return params.hasBias ? graph.op('Add', [scaled, weight(layer, params.bias, overChannels(params.shapeBias))]) : scaled
  },
  bias: (layer) => layer.graph.op('Add', [input(layer), weight(layer, layer.params.bias, overChannels(layer.params.shape))]),
  loadConstant: (layer) => weight(layer, layer.params.data, [...(layer.sequenceAxis ? [1, 1] : [1]), ...layer.params.shape]),
  loadConstantND: (layer) => weight(layer, layer.params.data, layer.params.shape.length ? layer.params.shape : [1]),
}
