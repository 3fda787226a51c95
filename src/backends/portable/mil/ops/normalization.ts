import { ifAny } from '../../onnx/if-any.ts'
import { localResponse } from '../../onnx/local-response.ts'
import { staticDim, staticDims, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { alongChannels, normalAxes, upTo, vectorOr } from './common.ts'

function layerNorm(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const rank = x.dims.length
  const axes = normalAxes(op.ints('axes', upTo(rank)), rank).sort((a, b) => a - b)
  const epsilon = op.number('epsilon', 1e-5)
  const gamma = op.optional('gamma')
  const beta = op.optional('beta')
  const first = rank - axes.length
  if (axes.every((axis, index) => axis === first + index)) {
    const shape = x.dims.slice(first)
    const scale = gamma ?? builder.expand(builder.scalar(1), staticDims({ ...x, dims: shape }))
    return builder.op('LayerNormalization', [x, scale, beta], { axis: first, epsilon })
  }
  const along = builder.ints(axes)
  const centred = builder.op('Sub', [x, builder.op('ReduceMean', [x, along])])
  const variance = builder.op('ReduceMean', [builder.op('Mul', [centred, centred]), along])
  const deviation = builder.op('Sqrt', [builder.op('Add', [variance, builder.scalar(epsilon)])])
  let result = builder.op('Div', [centred, deviation])
  // Scale and shift have the dimensions of the axes alone.
  const spread = (value: Value) =>
    builder.reshape(
      value,
      x.dims.map((_, axis) => (axes.includes(axis) ? builder.dim(x, axis) : 1)),
    )
  if (gamma) result = builder.op('Mul', [result, spread(gamma)])
  return beta ? builder.op('Add', [result, spread(beta)]) : result
}

function batchNorm(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const mean = op.input('mean')
  const variance = op.input('variance')
  const epsilon = op.number('epsilon', 1e-5)
  const rank = x.dims.length
  if (mean.constant || op.constant('mean')) {
    const channels = staticDim(mean, 0)
    return builder.op('BatchNormalization', [x, vectorOr(op, 'gamma', channels, 1), vectorOr(op, 'beta', channels, 0), mean, variance], {
      epsilon,
    })
  }
  const channelwise = (value: Value) => alongChannels(builder, value, rank)
  const deviation = builder.op('Sqrt', [builder.op('Add', [channelwise(variance), builder.scalar(epsilon)])])
  let result = builder.op('Div', [builder.op('Sub', [x, channelwise(mean)]), deviation])
  const gamma = op.optional('gamma')
  const beta = op.optional('beta')
  if (gamma) result = builder.op('Mul', [result, channelwise(gamma)])
  if (beta) result = builder.op('Add', [result, channelwise(beta)])
  return result
}

function instanceNorm(op: OpContext): Value {
  const x = op.input('x')
  const channels = op.has('gamma') && op.has('beta') ? 0 : staticDim(x, 1)
  const [gamma, beta] = [vectorOr(op, 'gamma', channels, 1), vectorOr(op, 'beta', channels, 0)]
  const epsilon = op.number('epsilon', 1e-5)
  // Over channels without elements, onnxruntime (1.30) ends the process.
  return ifAny(
    op.builder,
    op.builder.dims(x).slice(2),
    (graph) => [graph.op('InstanceNormalization', [x, gamma, beta], { epsilon })],
    () => [x],
  )[0]!
}

function localResponseNorm(op: OpContext): Value {
  const parameters = { size: op.number('size'), alpha: op.number('alpha', 1e-4), beta: op.number('beta', 0.75), k: op.number('k', 1) }
  return localResponse(op.builder, op.input('x'), parameters)
}

/** Normalization. */
export const normalization: LoweringTable = {
  batch_norm: batchNorm,
  instance_norm: instanceNorm,
  l2_norm: (op) => {
    const { builder } = op
    const x = op.input('x')
    const rank = x.dims.length
    const sum = builder.op('ReduceSumSquare', [x, builder.ints([rank - 3, rank - 2, rank - 1])])
    const norm = builder.op('Sqrt', [builder.op('Add', [sum, builder.scalar(op.number('epsilon', 1e-6))])])
    return builder.op('Div', [x, norm])
  },
  layer_norm: layerNorm,
  local_response_norm: localResponseNorm,
}
