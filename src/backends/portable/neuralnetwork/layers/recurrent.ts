import type {
  Activation,
  BiDirectionalLSTMLayer,
  GRULayer,
  LSTMParams,
  LSTMWeightParams,
  SimpleRecurrentLayer,
  UniDirectionalLSTMLayer,
  WeightParams,
} from '../../../../format/index.ts'
import type { Attributes } from '../../onnx/attributes.ts'
import type { Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable, weight } from '../layer.ts'
import { openShape } from '../shapes.ts'
import { reversed } from './shape.ts'

/**
 * Recurrent layers. Inputs and outputs are [sequence, batch, vector, 1, 1], states [1, batch, vector, 1, 1].
 *
 * The format clips what goes into each activation to ±50 and the cell to its own threshold; onnxruntime's ops do the same when asked.
 */

interface Functions {
  activations: string[]
  activation_alpha: number[]
  activation_beta: number[]
}

/** Activations in ONNX's names, with their parameters. */
function functions(layer: LayerContext<unknown>, list: readonly (Activation | undefined)[]): Functions {
  const result: Functions = { activations: [], activation_alpha: [], activation_beta: [] }
  const add = (name: string, alpha?: number, beta?: number) => {
    result.activations.push(name)
    if (alpha !== undefined) result.activation_alpha.push(alpha)
    if (beta !== undefined) result.activation_beta.push(beta)
  }
  for (const activation of list) {
    const type = activation?.nonlinearity
    switch (type?.case) {
      case 'linear':
        add('Affine', type.value.alpha, type.value.beta)
        break
      case 'sigmoid':
        add('Sigmoid')
        break
      case 'tanh':
        add('Tanh')
        break
      case 'ReLU':
        add('Relu')
        break
      case 'scaledTanh':
        add('ScaledTanh', type.value.alpha, type.value.beta)
        break
      case 'sigmoidHard':
        add('HardSigmoid', type.value.alpha, type.value.beta)
        break
      default:
        throw invalid(layer, `${type?.case ?? 'no activation'} where linear, sigmoid, tanh, ReLU, scaledTanh or sigmoidHard is possible`)
    }
  }
  return result
}

/** Weights of all gates on top of each other, for one direction: [1, gates · rows, columns]. */
function gates(layer: LayerContext<unknown>, params: readonly (WeightParams | undefined)[], rows: number, columns: number): Value {
  const { graph } = layer
  return graph.unsqueeze(
    graph.concat(
      params.map((each) => weight(layer, each, [rows, columns])),
      0,
    ),
    [0],
  )
}

/** Vectors of all gates one after the other, for one direction: [1, gates · size]; zeros behind them for ONNX's second bias. */
function vectors(layer: LayerContext<unknown>, parts: readonly (Float32Array | undefined)[], size: number): Value {
  const all = new Float32Array(parts.length * size)
  parts.forEach((part, index) => {
    if (!part) return
    if (part.length !== size) throw invalid(layer, `a vector of ${part.length} elements, expected ${size}`)
    all.set(part, index * size)
  })
  return layer.graph.constant('float32', [1, all.length], all)
}

/** The input as ONNX takes it: [sequence, batch, vector]. */
function sequenceOf(layer: LayerContext<unknown>, size: number, reverse: boolean): Value {
  const { graph } = layer
  const x = input(layer)
  const [length, batch] = graph.dims(x)
  if (x.dims.length < 2 || length === undefined || batch === undefined)
    throw invalid(layer, `its input has rank ${x.dims.length}, and needs 5`)
  const vectors = graph.reshape(x, openShape([length, batch, size]))
  return reverse ? reversed(layer, vectors, [0]) : vectors
}

/** States as ONNX takes them: [directions, batch, vector]; absent ones are zeros. */
function states(layer: LayerContext<unknown>, indices: readonly number[], size: number): Value | undefined {
  const { graph } = layer
  const given = indices.map((index) => layer.inputs[index])
  if (given.every((value) => value === undefined)) return undefined
  const parts = given.map((value) => {
    if (!value) throw invalid(layer, 'some of its states are given, others are not')
    return graph.reshape(value, [1, -1, size])
  })
  return graph.concat(parts, 0)
}

/** A result with the format's two trailing dimensions. */
function outward(layer: LayerContext<unknown>, value: Value): Value {
  return layer.graph.unsqueeze(value, [3, 4])
}

/** Takes [length, directions, batch, size] apart into what the layer gives: the whole sequence or its end, directions side by side. */
function result(layer: LayerContext<unknown>, all: Value, last: Value, sequenceOutput: boolean): Value {
  const { graph } = layer
  const directions = all.dims[1]!
  if (directions === 1) return outward(layer, sequenceOutput ? graph.squeeze(all, [1]) : last)
  const [length, , batch, size] = graph.dims(all)
  const wide = typeof size === 'number' ? 2 * size : -1
  if (sequenceOutput) {
    return outward(layer, graph.reshape(graph.transpose(all, [0, 2, 1, 3]), openShape([length!, batch!, wide])))
  }
  return outward(layer, graph.reshape(graph.transpose(last, [1, 0, 2]), openShape([1, batch!, wide])))
}

function simple(layer: LayerContext<SimpleRecurrentLayer>): Value[] {
  const { graph, params } = layer
  const { inputVectorSize, outputVectorSize: size } = params
  const bias = params.hasBiasVector ? vectors(layer, [layer.weights.numbers(params.biasVector), undefined], size) : undefined
  const inputs = [
    sequenceOf(layer, inputVectorSize, params.reverseInput),
    gates(layer, [params.weightMatrix], size, inputVectorSize),
    gates(layer, [params.recursionMatrix], size, size),
    bias,
    undefined,
    states(layer, [1], size),
  ]
  const attributes = { hidden_size: size, clip: 50, ...functions(layer, [params.activation]) }
  const [all, last] = graph.ops('RNN', inputs, listed(attributes), { outputs: 2 })
  return [result(layer, all!, last!, params.sequenceOutput), outward(layer, last!)]
}

function gru(layer: LayerContext<GRULayer>): Value[] {
  const { graph, params } = layer
  const { inputVectorSize, outputVectorSize: size } = params
  const biases = [params.updateGateBiasVector, params.resetGateBiasVector, params.outputGateBiasVector]
  const inputs = [
    sequenceOf(layer, inputVectorSize, params.reverseInput),
    gates(layer, [params.updateGateWeightMatrix, params.resetGateWeightMatrix, params.outputGateWeightMatrix], size, inputVectorSize),
    gates(layer, [params.updateGateRecursionMatrix, params.resetGateRecursionMatrix, params.outputGateRecursionMatrix], size, size),
    params.hasBiasVectors
      ? vectors(layer, [...biases.map((each) => layer.weights.numbers(each)), undefined, undefined, undefined], size)
      : undefined,
    undefined,
    states(layer, [1], size),
  ]
  const attributes = { hidden_size: size, clip: 50, linear_before_reset: 0, ...functions(layer, params.activations) }
  const [all, last] = graph.ops('GRU', inputs, listed(attributes), { outputs: 2 })
  return [result(layer, all!, last!, params.sequenceOutput), outward(layer, last!)]
}

/** Weights of one direction of an LSTM, gates in ONNX's order: input, output, forget, block input. */
function lstmWeights(layer: LayerContext<unknown>, params: LSTMParams, weights: LSTMWeightParams, inputSize: number, size: number) {
  const numbers = (each: WeightParams | undefined) => layer.weights.numbers(each)
  const w = weights
  let bias: Value | undefined
  if (params.hasBiasVectors || params.forgetBias) {
    const zeros = () => new Float32Array(size)
    const all = [w.inputGateBiasVector, w.outputGateBiasVector, w.forgetGateBiasVector, w.blockInputBiasVector]
    const parts = all.map((each) => (params.hasBiasVectors ? numbers(each) : zeros()))
    if (params.forgetBias) parts[2] = parts[2]!.map((value) => value + 1)
    bias = vectors(layer, [...parts, undefined, undefined, undefined, undefined], size)
  }
  return {
    input: gates(
      layer,
      [w.inputGateWeightMatrix, w.outputGateWeightMatrix, w.forgetGateWeightMatrix, w.blockInputWeightMatrix],
      size,
      inputSize,
    ),
    recursion: gates(
      layer,
      [w.inputGateRecursionMatrix, w.outputGateRecursionMatrix, w.forgetGateRecursionMatrix, w.blockInputRecursionMatrix],
      size,
      size,
    ),
    bias,
    peepholes: params.hasPeepholeVectors
      ? vectors(
          layer,
          [w.inputGatePeepholeVector, w.outputGatePeepholeVector, w.forgetGatePeepholeVector].map((each) => numbers(each)),
          size,
        )
      : undefined,
  }
}

interface LSTM {
  inputVectorSize: number
  outputVectorSize: number
  params: LSTMParams | undefined
  directions: (LSTMWeightParams | undefined)[]
  activations: Activation[]
  reverseInput: boolean
}

function lstm(
  layer: LayerContext<unknown>,
  { inputVectorSize, outputVectorSize: size, params, directions, activations, reverseInput }: LSTM,
): Value[] {
  const { graph } = layer
  if (!params) throw invalid(layer, 'it has no parameters')
  const parts = directions.map((weights) => {
    if (!weights) throw invalid(layer, 'it has no weights')
    return lstmWeights(layer, params, weights, inputVectorSize, size)
  })
  const joined = (pick: (part: (typeof parts)[number]) => Value | undefined) => {
    const values = parts.map(pick)
    return values.every((value) => value !== undefined) ? graph.concat(values, 0) : undefined
  }
  const two = directions.length === 2
  // Inputs after the sequence: output and cell of the forward direction, then of the backward one.
  const inputs = [
    sequenceOf(layer, inputVectorSize, reverseInput),
    joined((part) => part.input),
    joined((part) => part.recursion),
    joined((part) => part.bias),
    undefined,
    states(layer, two ? [1, 3] : [1], size),
    states(layer, two ? [2, 4] : [2], size),
    joined((part) => part.peepholes),
  ]
  const attributes = {
    hidden_size: size,
    direction: two ? 'bidirectional' : 'forward',
    clip: params.cellClipThreshold || 50,
    input_forget: params.coupledInputAndForgetGate ? 1 : 0,
    ...functions(layer, activations),
  }
  const [all, last, cell] = graph.ops('LSTM', inputs, listed(attributes), { outputs: 3 })
  const y = result(layer, all!, last!, params.sequenceOutput)
  if (!two) return [y, outward(layer, last!), outward(layer, cell!)]
  const direction = (value: Value, index: number) => outward(layer, graph.slice(value, [0], [index], [index + 1]))
  return [y, direction(last!, 0), direction(cell!, 0), direction(last!, 1), direction(cell!, 1)]
}

/** Leaves out empty lists. */
function listed(attributes: Record<string, unknown>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => !Array.isArray(value) || value.length > 0)) as Attributes
}

export const recurrentLayers: LayerTable = {
  simpleRecurrent: simple,
  gru,
  uniDirectionalLSTM: (layer: LayerContext<UniDirectionalLSTMLayer>) =>
    lstm(layer, { ...layer.params, directions: [layer.params.weightParams], params: layer.params.params }),
  biDirectionalLSTM: (layer: LayerContext<BiDirectionalLSTMLayer>) => {
    const { params } = layer
    if (params.weightParams.length !== 2) throw invalid(layer, `weights for ${params.weightParams.length} directions`)
    return lstm(layer, {
      inputVectorSize: params.inputVectorSize,
      outputVectorSize: params.outputVectorSize,
      params: params.params,
      directions: params.weightParams,
      activations: [
        ...params.activationsForwardLSTM,
        ...(params.activationsBackwardLSTM.length > 0 ? params.activationsBackwardLSTM : params.activationsForwardLSTM),
      ],
      reverseInput: false,
    })
  },
}
