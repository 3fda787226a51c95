import type { WeightParams } from '../../../../format/index.ts'
import { elementCount } from '../../../../model/tensor.ts'
import { localResponse } from '../../onnx/local-response.ts'
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
    return restoreLeading(graph, localResponse(graph, collapseLeading(graph, x, 3), { size, alpha, beta, k: params.k || 1 }), x, 3)
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
