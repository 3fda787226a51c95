import type { Attributes } from '../../onnx/attributes.ts'
import type { GraphBuilder } from '../../onnx/builder.ts'
import { ifAny } from '../../onnx/if-any.ts'
import { rowsOfBatch } from '../../onnx/initial-state.ts'
import { activationAttributes, type RecurrentActivation, recurrentLayer } from '../../onnx/recurrent-layer.ts'
import { staticDim, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { matmul } from './linear.ts'
import { flip } from './tensor-transformation.ts'

/** Activations of recurrent ops; the parameters are those that Core ML fixes. */
const activations: Readonly<Record<string, RecurrentActivation>> = {
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  relu: { name: 'Relu' },
  linear: { name: 'Affine', parameters: [1, 0] },
  scaled_tanh: { name: 'ScaledTanh', parameters: [1, 1] },
  hard_sigmoid: { name: 'HardSigmoid', parameters: [0.2, 0.5] },
  sigmoid_hard: { name: 'HardSigmoid', parameters: [0.2, 0.5] },
}

function activationOf(op: OpContext, parameter: string, fallback: string): RecurrentActivation {
  const name = op.string(parameter, fallback).toLowerCase()
  return activations[name] ?? op.unsupported(`activation ${name}`)
}

/** Attributes that name the activations, once for each direction; none where they are ONNX's own. */
function attributesOf(list: readonly RecurrentActivation[], directions: number): Attributes {
  // RNN's own is another one: it has a single activation.
  if (list.length > 1 && list.every(({ name }, index) => name === ['Sigmoid', 'Tanh', 'Tanh'][index])) return {}
  return activationAttributes(Array.from({ length: directions }, () => list).flat())
}

/** The rows of each gate in another order. */
function reordered(builder: GraphBuilder, gates: Value, order: readonly number[], size: number): Value {
  if (order.length === 1) return gates
  const parts = builder.ops('Split', [gates, builder.ints(order.map(() => size))], { axis: 0 }, { outputs: order.length })
  return builder.concat(
    order.map((gate) => parts[gate]!),
    0,
  )
}

/** Stacks one value for each direction along a new first axis. */
function stacked(builder: GraphBuilder, values: readonly Value[]): Value {
  return builder.concat(
    values.map((value) => builder.unsqueeze(value, [0])),
    0,
  )
}

function zeros(builder: GraphBuilder, length: number): Value {
  return builder.constant('float32', [length], new Float32Array(length), 'zeros')
}

/** [batch, directions · H] as [directions, batch, H]. */
function initialState(op: OpContext, name: string, directions: number, size: number): Value {
  const { builder } = op
  const value = rowsOfBatch(builder, op.input(name), 0, builder.dim(op.input('x'), 1))
  if (directions === 1) return builder.unsqueeze(value, [0])
  return builder.transpose(builder.reshape(value, [builder.dim(value, 0), directions, size]), [1, 0, 2])
}

/** [directions, batch, H] as [batch, directions · H]. */
function finalState(builder: GraphBuilder, value: Value, directions: number, size: number): Value {
  if (directions === 1) return builder.squeeze(value, [0])
  const byBatch = builder.transpose(value, [1, 0, 2])
  return builder.reshape(byBatch, [builder.dim(byBatch, 0), directions * size])
}

/** [s, directions, batch, H] as [s, batch, directions · H]. */
function sequence(builder: GraphBuilder, value: Value, directions: number, size: number): Value {
  if (directions === 1) return builder.squeeze(value, [1])
  const byStep = builder.transpose(value, [0, 2, 1, 3])
  return builder.reshape(byStep, [builder.dim(byStep, 0), builder.dim(byStep, 1), directions * size])
}

/** Every step, or the last one as a sequence of one. */
function steps(op: OpContext, all: Value, last: Value): Value {
  return op.bool('output_sequence', false) ? all : op.builder.unsqueeze(last, [0])
}

/** The input in the order in which the op goes through it. What `reverse` gives is in that order too. */
function inOrder(op: OpContext): Value {
  const x = op.input('x')
  switch (op.string('direction', 'forward')) {
    case 'reverse':
      return flip(op.builder, x, [0])
    case 'forward':
    case 'bidirectional':
      return x
    default:
      return op.unsupported(`direction ${op.string('direction')}`)
  }
}

function lstm(op: OpContext): Value[] {
  const { builder } = op
  const size = staticDim(op.input('weight_hh'), 1)
  const both = op.string('direction', 'forward') === 'bidirectional'
  if (op.has('clip')) return clippedLstm(op, size, both)
  const suffixes = both ? ['', '_back'] : ['']
  const directions = suffixes.length
  // Core ML orders gates input, forget, output, cell; ONNX input, output, forget, cell.
  const weights = (name: string) =>
    stacked(
      builder,
      suffixes.map((suffix) => reordered(builder, op.input(name + suffix), [0, 2, 1, 3], size)),
    )
  const hasBias = suffixes.some((suffix) => op.has(`bias${suffix}`))
  const bias = (suffix: string) => {
    const own = op.optional(`bias${suffix}`)
    return own ? builder.concat([reordered(builder, own, [0, 2, 1, 3], size), zeros(builder, 4 * size)], 0) : zeros(builder, 8 * size)
  }
  const hasPeephole = suffixes.some((suffix) => op.has(`peephole${suffix}`))
  const peephole = (suffix: string) => {
    const own = op.optional(`peephole${suffix}`)
    return own ? reordered(builder, own, [0, 2, 1], size) : zeros(builder, 3 * size)
  }
  const used = [
    activationOf(op, 'recurrent_activation', 'sigmoid'),
    activationOf(op, 'cell_activation', 'tanh'),
    activationOf(op, 'activation', 'tanh'),
  ]
  const [all, h, c] = recurrentLayer(
    builder,
    'LSTM',
    [
      inOrder(op),
      weights('weight_ih'),
      weights('weight_hh'),
      hasBias ? stacked(builder, suffixes.map(bias)) : null,
      null,
      initialState(op, 'initial_h', directions, size),
      initialState(op, 'initial_c', directions, size),
      hasPeephole ? stacked(builder, suffixes.map(peephole)) : null,
    ],
    { hidden_size: size, direction: both ? 'bidirectional' : 'forward', ...attributesOf(used, directions) },
  )
  const last = finalState(builder, h!, directions, size)
  return [steps(op, sequence(builder, all!, directions, size), last), last, finalState(builder, c!, directions, size)]
}

/** An activation as node of its own. */
function applied(builder: GraphBuilder, { name, parameters }: RecurrentActivation, x: Value): Value {
  if (name === 'Affine') return x
  if (name === 'ScaledTanh') return builder.op('Tanh', [x])
  return builder.op(name, [x], parameters && { alpha: parameters[0], beta: parameters[1] })
}

/** Core ML bounds the cell state; ONNX's LSTM would bound what goes into the activations. So this one goes step by step. */
function clippedLstm(op: OpContext, size: number, both: boolean): Value[] {
  const { builder } = op
  const clip = op.number('clip')
  const gate = activationOf(op, 'recurrent_activation', 'sigmoid')
  const cell = activationOf(op, 'cell_activation', 'tanh')
  const out = activationOf(op, 'activation', 'tanh')
  const parts = (both ? ['', '_back'] : ['']).map((suffix, direction) => {
    const x = direction === 1 ? flip(builder, op.input('x'), [0]) : inOrder(op)
    const part = (parameter: string) =>
      both ? builder.slice(op.input(parameter), [1], [direction * size], [(direction + 1) * size]) : op.input(parameter)
    const bias = op.optional(`bias${suffix}`)
    const projected = matmul(builder, x, op.input(`weight_ih${suffix}`), { transposeY: true })
    const inputs = bias ? builder.op('Add', [projected, bias]) : projected
    const recurrent = builder.transpose(op.input(`weight_hh${suffix}`), [1, 0])
    const peephole = op.optional(`peephole${suffix}`)
    const peepholes = peephole && builder.ops('Split', [peephole, builder.ints([size, size, size])], { axis: 0 }, { outputs: 3 })
    const state = { type: 'float32' as const, dims: [x.dims[1]!, size] }
    const { graph } = builder.subgraph([state, state, { type: 'float32', dims: [x.dims[1]!, 4 * size] }], (inner, [h, c, step]) => {
      const gates = inner.op('Add', [step!, inner.op('MatMul', [h!, recurrent])])
      const split = inner.ops('Split', [gates, inner.ints([size, size, size, size])], { axis: 1 }, { outputs: 4 })
      const peeped = (index: number, from: Value) =>
        peepholes ? inner.op('Add', [split[index]!, inner.op('Mul', [from, peepholes[index]!])]) : split[index]!
      const input = applied(inner, gate, peeped(0, c!))
      const forget = applied(inner, gate, peeped(1, c!))
      const candidate = applied(inner, cell, split[3]!)
      const next = inner.op('Add', [inner.op('Mul', [forget, c!]), inner.op('Mul', [input, candidate])])
      const bounded = inner.op('Clip', [next, inner.scalar(-clip), inner.scalar(clip)])
      const hidden = inner.op('Mul', [applied(inner, gate, peeped(2, bounded)), applied(inner, out, bounded)])
      return [hidden, bounded, hidden]
    })
    const types = [state, state, { type: 'float32' as const, dims: [x.dims[0]!, x.dims[1]!, size] }]
    const initial = [part('initial_h'), part('initial_c')]
    // Over no steps, which onnxruntime's Scan refuses, the states stay.
    const [h, c, all] = ifAny(
      builder,
      [builder.dim(x, 0)],
      (outer) => outer.ops('Scan', [...initial, inputs], { body: graph, num_scan_inputs: 1 }, { types }),
      (outer) => [...initial, outer.expand(outer.scalar(0), [0, outer.dim(x, 1), size])],
    )
    return { h: h!, c: c!, all: direction === 1 ? flip(builder, all!, [0]) : all! }
  })
  const joined = (values: Value[], axis: number) => builder.concat(values, axis)
  const last = joined(
    parts.map(({ h }) => h),
    1,
  )
  const all = joined(
    parts.map((part) => part.all),
    2,
  )
  return [
    steps(op, all, last),
    last,
    joined(
      parts.map(({ c }) => c),
      1,
    ),
  ]
}

function gru(op: OpContext): Value[] {
  const { builder } = op
  const size = staticDim(op.input('weight_hh'), 1)
  // Core ML orders gates reset, output, update; ONNX update, reset, output.
  const gates = (value: Value) => reordered(builder, value, [2, 0, 1], size)
  const bias = op.optional('bias')
  const inputBias = op.optional('input_bias')
  const part = (value: Value | undefined) => (value ? gates(value) : zeros(builder, 3 * size))
  const used = [activationOf(op, 'recurrent_activation', 'sigmoid'), activationOf(op, 'activation', 'tanh')]
  const [all, h] = recurrentLayer(
    builder,
    'GRU',
    [
      inOrder(op),
      builder.unsqueeze(gates(op.input('weight_ih')), [0]),
      builder.unsqueeze(gates(op.input('weight_hh')), [0]),
      bias || inputBias ? builder.unsqueeze(builder.concat([part(inputBias), part(bias)], 0), [0]) : null,
      null,
      initialState(op, 'initial_h', 1, size),
    ],
    {
      hidden_size: size,
      linear_before_reset: op.bool('reset_after', false) ? 1 : 0,
      ...attributesOf(used, 1),
    },
  )
  const last = builder.squeeze(h!, [0])
  return [steps(op, builder.squeeze(all!, [1]), last), last]
}

function rnn(op: OpContext): Value[] {
  const { builder } = op
  const size = staticDim(op.input('weight_hh'), 1)
  const bias = op.optional('bias')
  const [all, h] = recurrentLayer(
    builder,
    'RNN',
    [
      inOrder(op),
      builder.unsqueeze(op.input('weight_ih'), [0]),
      builder.unsqueeze(op.input('weight_hh'), [0]),
      bias ? builder.unsqueeze(builder.concat([bias, zeros(builder, size)], 0), [0]) : null,
      null,
      initialState(op, 'initial_h', 1, size),
    ],
    { hidden_size: size, ...attributesOf([activationOf(op, 'activation', 'tanh')], 1) },
  )
  const last = builder.squeeze(h!, [0])
  return [steps(op, builder.squeeze(all!, [1]), last), last]
}

/** Recurrent layers. */
export const recurrent: LoweringTable = { gru, lstm, rnn }
