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
import type { GraphBuilder } from '../../onnx/builder.ts'
import { rowsOfBatch } from '../../onnx/initial-state.ts'
import { activationAttributes, type RecurrentActivation, recurrentLayer } from '../../onnx/recurrent-layer.ts'
import type { Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable, weight } from '../layer.ts'
import { clipped, type GateFunction, gruStep, lstmStep, recur, simpleStep } from '../recurrence.ts'
import { openShape } from '../shapes.ts'
import { reversed } from './shape.ts'

/**
 * Recurrent layers. Inputs and outputs are [sequence, batch, vector, 1, 1], states [1, batch, vector, 1, 1].
 *
 * The format cuts what goes into each activation to ±50, and the cell of an LSTM to a threshold of 50 or another. Where gates saturate long
 * before that, onnxruntime's own ops compute the same, and fast; the others go step by step (recurrence.ts).
 */

/** An activation of a gate, its ops, and whether it saturates well within ±50. */
interface Gate extends RecurrentActivation {
  saturates: boolean
  apply: GateFunction
}

function scaledBy(graph: GraphBuilder, x: Value, factor: number): Value {
  return factor === 1 ? x : graph.op('Mul', [x, graph.scalar(factor)])
}

/** The stated parameters; standard ones where a file leaves them out. */
function parametersOr({ alpha, beta }: { alpha: number; beta: number }, standard: readonly [number, number]): readonly [number, number] {
  return alpha === 0 && beta === 0 ? standard : [alpha, beta]
}

function gateOf(layer: LayerContext<unknown>, activation: Activation | undefined): Gate {
  const type = activation?.nonlinearity
  switch (type?.case) {
    case 'linear': {
      const parameters = parametersOr(type.value, [1, 0])
      const [alpha, beta] = parameters
      return {
        name: 'Affine',
        parameters,
        saturates: false,
        apply: (graph, x) => (beta === 0 ? scaledBy(graph, x, alpha) : graph.op('Add', [scaledBy(graph, x, alpha), graph.scalar(beta)])),
      }
    }
    case 'sigmoid':
      return { name: 'Sigmoid', saturates: true, apply: (graph, x) => graph.op('Sigmoid', [x]) }
    case 'tanh':
      return { name: 'Tanh', saturates: true, apply: (graph, x) => graph.op('Tanh', [x]) }
    case 'ReLU':
      return { name: 'Relu', saturates: false, apply: (graph, x) => graph.op('Relu', [x]) }
    case 'scaledTanh': {
      const parameters = parametersOr(type.value, [1, 1])
      const [alpha, beta] = parameters
      const apply: GateFunction = (graph, x) => scaledBy(graph, graph.op('Tanh', [scaledBy(graph, x, beta)]), alpha)
      return { name: 'ScaledTanh', parameters, saturates: Math.abs(beta) >= 0.2, apply }
    }
    case 'sigmoidHard': {
      const parameters = parametersOr(type.value, [0.2, 0.5])
      const [alpha, beta] = parameters
      const apply: GateFunction = (graph, x) => graph.op('HardSigmoid', [x], { alpha, beta })
      return { name: 'HardSigmoid', parameters, saturates: Math.abs(alpha) * 50 >= 1 + Math.abs(beta), apply }
    }
    default:
      throw invalid(
        layer,
        `${type?.case ?? 'no activation'} in a gate, where linear, sigmoid, tanh, ReLU, scaledTanh and sigmoidHard are possible`,
      )
  }
}

function gatesOf(layer: LayerContext<unknown>, list: readonly (Activation | undefined)[], count: number): Gate[] {
  if (list.length < count) throw invalid(layer, `${list.length} activations, expected ${count}`)
  return list.map((activation) => gateOf(layer, activation))
}

/** What a layer needs to go step by step, in one direction: input weights [1, gates · size, input] and bias [1, …] or none, as for ONNX. */
interface Direction {
  x: Value
  input: Value
  bias: Value | undefined
  /** Gates of the bias that belong to the input. */
  width: number
}

/** What the inputs give to the gates, for all steps at once: [sequence, batch, gates · size]. */
function inputGates(layer: LayerContext<unknown>, { x, input: weights, bias, width }: Direction): Value {
  const { graph } = layer
  const products = graph.op('MatMul', [x, graph.transpose(graph.squeeze(weights, [0]), [1, 0])])
  return bias ? graph.op('Add', [products, graph.slice(graph.squeeze(bias, [0]), [0], [0], [width])]) : products
}

/** Weights of a recursion as right-hand side of a product: [size, gates · size]. */
function recursionOf(layer: LayerContext<unknown>, weights: Value): Value {
  return layer.graph.transpose(layer.graph.squeeze(weights, [0]), [1, 0])
}

/** A state of one direction as [batch, size]: a single row goes for every element of the batch, zeros where none is given. */
function stateOf(layer: LayerContext<unknown>, index: number, x: Value, size: number): Value {
  const { graph } = layer
  const batch = graph.dim(x, 1)
  const given = layer.inputs[index]
  if (!given) return graph.expand(graph.scalar(0), [batch, size])
  const rows = graph.reshape(given, [-1, size])
  return rows.dims[0] === 1 ? graph.expand(rows, [batch, size]) : rowsOfBatch(graph, rows, 0, batch)
}

/** Weights of all gates on top of each other, for one direction: [1, gates · rows, columns]. */
function stacked(layer: LayerContext<unknown>, params: readonly (WeightParams | undefined)[], rows: number, columns: number): Value {
  const { graph } = layer
  return graph.unsqueeze(
    graph.concat(
      params.map((each) => weight(layer, each, [rows, columns])),
      0,
    ),
    [0],
  )
}

/** Vectors of all gates one after the other, for one direction: [1, gates · size]; `spare` vectors of zeros behind them, for ONNX's second bias. */
function vectors(layer: LayerContext<unknown>, parts: readonly (WeightParams | undefined)[], size: number, spare = 0): Value {
  const all = new Float32Array((parts.length + spare) * size)
  for (const [index, part] of parts.entries()) all.set(layer.weights.numbers(part, size), index * size)
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
  const given = indices.filter((index) => layer.inputs[index] !== undefined)
  if (given.length === 0) return undefined
  if (given.length < indices.length) throw invalid(layer, 'some of its states are given, others are not')
  const parts = indices.map((index) => graph.unsqueeze(stateOf(layer, index, input(layer), size), [0]))
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

/** The outputs of a layer that ran step by step: [sequence, batch, size] of each direction and its last states [batch, size]. */
function results(layer: LayerContext<unknown>, all: readonly Value[], last: readonly Value[], sequenceOutput: boolean): Value[] {
  const { graph } = layer
  const states = last.map((state) => outward(layer, graph.unsqueeze(state, [0])))
  // States of one direction follow each other; the first of each is its output.
  const ends = all.map((_, direction) => states[direction * (states.length / all.length)]!)
  const y = sequenceOutput ? outward(layer, graph.concat(all, 2)) : graph.concat(ends, 2)
  return [y, ...states]
}

function simple(layer: LayerContext<SimpleRecurrentLayer>): Value[] {
  const { graph, params } = layer
  const { inputVectorSize, outputVectorSize: size } = params
  const bias = params.hasBiasVector ? vectors(layer, [params.biasVector], size, 1) : undefined
  const inputs = [
    sequenceOf(layer, inputVectorSize, params.reverseInput),
    stacked(layer, [params.weightMatrix], size, inputVectorSize),
    stacked(layer, [params.recursionMatrix], size, size),
    bias,
    undefined,
    states(layer, [1], size),
  ]
  const [gate] = gatesOf(layer, [params.activation], 1)
  if (!gate!.saturates) {
    const [x, weights, recursion] = inputs as Value[]
    const steps = inputGates(layer, { x: x!, input: weights!, bias, width: size })
    const { all, last } = recur(graph, steps, [stateOf(layer, 1, x!, size)], simpleStep(recursionOf(layer, recursion!), gate!.apply))
    return results(layer, [all], last, params.sequenceOutput)
  }
  const [all, last] = recurrentLayer(graph, 'RNN', inputs, { hidden_size: size, ...activationAttributes([gate!]) })
  return [result(layer, all!, last!, params.sequenceOutput), outward(layer, last!)]
}

function gru(layer: LayerContext<GRULayer>): Value[] {
  const { graph, params } = layer
  const { inputVectorSize, outputVectorSize: size } = params
  const biases = [params.updateGateBiasVector, params.resetGateBiasVector, params.outputGateBiasVector]
  const inputs = [
    sequenceOf(layer, inputVectorSize, params.reverseInput),
    stacked(layer, [params.updateGateWeightMatrix, params.resetGateWeightMatrix, params.outputGateWeightMatrix], size, inputVectorSize),
    stacked(layer, [params.updateGateRecursionMatrix, params.resetGateRecursionMatrix, params.outputGateRecursionMatrix], size, size),
    params.hasBiasVectors ? vectors(layer, biases, size, biases.length) : undefined,
    undefined,
    states(layer, [1], size),
  ]
  const gates = gatesOf(layer, params.activations, 2)
  if (gates.some(({ saturates }) => !saturates)) {
    const [x, weights, recursion, bias] = inputs
    const steps = inputGates(layer, { x: x!, input: weights!, bias: bias ?? undefined, width: 3 * size })
    const all = recursionOf(layer, recursion!)
    const parts = [graph.slice(all, [1], [0], [2 * size]), graph.slice(all, [1], [2 * size], [3 * size])] as const
    const step = gruStep(
      parts,
      size,
      gates.map(({ apply }) => apply),
    )
    const ran = recur(graph, steps, [stateOf(layer, 1, x!, size)], step)
    return results(layer, [ran.all], ran.last, params.sequenceOutput)
  }
  const [all, last] = recurrentLayer(graph, 'GRU', inputs, { hidden_size: size, linear_before_reset: 0, ...activationAttributes(gates) })
  return [result(layer, all!, last!, params.sequenceOutput), outward(layer, last!)]
}

/** Weights of one direction of an LSTM, gates in ONNX's order: input, output, forget, block input. */
function lstmWeights(layer: LayerContext<unknown>, params: LSTMParams, weights: LSTMWeightParams, inputSize: number, size: number) {
  const w = weights
  const biases = [w.inputGateBiasVector, w.outputGateBiasVector, w.forgetGateBiasVector, w.blockInputBiasVector]
  const peepholes = [w.inputGatePeepholeVector, w.outputGatePeepholeVector, w.forgetGatePeepholeVector]
  // `forgetBias` changes nothing: Core ML does not add the ones that the format's text speaks of, and Keras's converter sets it where they are part of the bias.
  const bias = params.hasBiasVectors ? vectors(layer, biases, size, biases.length) : undefined
  return {
    input: stacked(
      layer,
      [w.inputGateWeightMatrix, w.outputGateWeightMatrix, w.forgetGateWeightMatrix, w.blockInputWeightMatrix],
      size,
      inputSize,
    ),
    recursion: stacked(
      layer,
      [w.inputGateRecursionMatrix, w.outputGateRecursionMatrix, w.forgetGateRecursionMatrix, w.blockInputRecursionMatrix],
      size,
      size,
    ),
    bias,
    peepholes: params.hasPeepholeVectors ? vectors(layer, peepholes, size) : undefined,
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
  const gates = gatesOf(layer, activations, 3 * directions.length)
  const threshold = params.cellClipThreshold || 50
  // A cell takes long to get to 50, and its tanh is 1 long before; docs/portable.md says what is left of the difference.
  if (threshold < 50 || gates.some(({ saturates }) => !saturates)) {
    const ran = parts.map((part, index) => {
      const x = index === 1 ? reversed(layer, inputs[0]!, [0]) : inputs[0]!
      const steps = inputGates(layer, { x, input: part.input, bias: part.bias, width: 4 * size })
      const step = lstmStep({
        recursion: recursionOf(layer, part.recursion),
        size,
        functions: gates.slice(3 * index, 3 * index + 3).map(({ apply }) => apply),
        coupled: params.coupledInputAndForgetGate,
        threshold,
        ...(part.peepholes && {
          peepholes: graph.ops('Split', [graph.squeeze(part.peepholes, [0]), graph.ints([size, size, size])], { axis: 0 }, { outputs: 3 }),
        }),
      })
      const first = [1, 2].map((state) => stateOf(layer, state + 2 * index, x, size))
      const { all, last } = recur(graph, steps, first, step)
      return { all: index === 1 ? reversed(layer, all, [0]) : all, last }
    })
    return results(
      layer,
      ran.map(({ all }) => all),
      ran.flatMap(({ last }) => last),
      params.sequenceOutput,
    )
  }
  const attributes = {
    hidden_size: size,
    direction: two ? 'bidirectional' : 'forward',
    input_forget: params.coupledInputAndForgetGate ? 1 : 0,
    ...activationAttributes(gates),
  }
  const [all, last, unclipped] = recurrentLayer(graph, 'LSTM', inputs, attributes)
  // The kernel does not clip. Core ML's cell lies within the threshold, so that the last one is closer to it cut, and the same after a single step.
  const cell = clipped(graph, unclipped!, threshold)
  const y = result(layer, all!, last!, params.sequenceOutput)
  if (!two) return [y, outward(layer, last!), outward(layer, cell)]
  const direction = (value: Value, index: number) => outward(layer, graph.slice(value, [0], [index], [index + 1]))
  return [y, direction(last!, 0), direction(cell, 0), direction(last!, 1), direction(cell, 1)]
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
