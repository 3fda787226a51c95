import type { Activation, WeightParams } from '../../../../format/index.ts'
import { thresholded } from '../../onnx/thresholded.ts'
import { staticDim, type Value } from '../../onnx/value.ts'
import { axisOf, input, invalid, type LayerContext, type LayerTable, type LowerLayer } from '../layer.ts'

/** Axis of the channels: the third from the end, as the format says; where there is none, the last, as converters mean it for [batch, channels]. */
const channelAxis = (x: Value) => (x.dims.length < 3 ? -1 : -3)

/** A parameter of one element, or of one a channel, ready to broadcast. */
function perChannel(layer: LayerContext<unknown>, x: Value, params: WeightParams | undefined): Value {
  const axis = channelAxis(x)
  const values = layer.weights.numbers(params, staticDim(x, axis), 1)
  return layer.graph.constant('float32', values.length === 1 || axis === -1 ? [values.length] : [values.length, 1, 1], values, 'slope')
}

/** alpha · x + beta. */
export function linear(layer: LayerContext<unknown>, x: Value, alpha: number, beta: number): Value {
  const { graph } = layer
  const scaled = alpha === 1 ? x : graph.op('Mul', [x, graph.scalar(alpha)])
  return beta === 0 ? scaled : graph.op('Add', [scaled, graph.scalar(beta)])
}

const activation: LowerLayer<Activation> = (layer) => {
  const { graph } = layer
  const x = input(layer)
  const type = layer.params.nonlinearity
  switch (type.case) {
    case 'linear':
      return linear(layer, x, type.value.alpha, type.value.beta)
    case 'ReLU':
      return graph.op('Relu', [x])
    case 'leakyReLU':
      return graph.op('LeakyRelu', [x], { alpha: type.value.alpha })
    case 'thresholdedReLU':
      return thresholded(graph, x, type.value.alpha)
    case 'PReLU':
      return graph.op('PRelu', [x, perChannel(layer, x, type.value.alpha)])
    case 'tanh':
      return graph.op('Tanh', [x])
    case 'scaledTanh':
      return linear(layer, graph.op('Tanh', [linear(layer, x, type.value.beta, 0)]), type.value.alpha, 0)
    case 'sigmoid':
      return graph.op('Sigmoid', [x])
    case 'sigmoidHard':
      return graph.op('HardSigmoid', [x], { alpha: type.value.alpha, beta: type.value.beta })
    case 'ELU':
      return graph.op('Elu', [x], { alpha: type.value.alpha })
    case 'softsign':
      return graph.op('Softsign', [x])
    case 'softplus':
      return graph.op('Softplus', [x])
    case 'parametricSoftplus': {
      const bent = graph.op('Softplus', [graph.op('Mul', [x, perChannel(layer, x, type.value.beta)])])
      return graph.op('Mul', [bent, perChannel(layer, x, type.value.alpha)])
    }
    default:
      throw invalid(layer, 'it names no activation')
  }
}

const geluModes = ['none', 'tanh', 'sigmoid'] as const

export const activationLayers: LayerTable = {
  activation,
  softmax: (layer) => layer.graph.op('Softmax', [input(layer)], { axis: channelAxis(input(layer)) }),
  softmaxND: (layer) => layer.graph.op('Softmax', [input(layer)], { axis: axisOf(layer, input(layer), layer.params.axis) }),
  gelu: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const mode = geluModes[params.mode]
    if (!mode) throw invalid(layer, `unknown mode ${params.mode}`)
    if (mode === 'sigmoid') return graph.op('Mul', [x, graph.op('Sigmoid', [linear(layer, x, 1.702, 0)])])
    return graph.op('Gelu', [x], { approximate: mode })
  },
  clampedReLU: (layer) => {
    const { graph, params } = layer
    return graph.op('Min', [graph.op('LeakyRelu', [input(layer)], { alpha: params.alpha }), graph.scalar(params.beta)])
  },
}
