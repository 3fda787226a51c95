import { thresholded } from '../../onnx/thresholded.ts'
import type { LoweringTable } from '../context.ts'
import { alongChannels, unary } from './common.ts'

/** Activation functions. */
export const activation: LoweringTable = {
  clamped_relu: (op) => {
    const { builder } = op
    const x = op.input('x')
    const leaky = builder.op('LeakyRelu', [x], { alpha: op.number('alpha') })
    return builder.op('Min', [leaky, builder.scalar(op.number('beta'))])
  },
  elu: (op) => op.builder.op('Elu', [op.input('x')], { alpha: op.number('alpha') }),
  gelu: (op) => {
    const x = op.input('x')
    switch (op.string('mode', 'EXACT')) {
      case 'EXACT':
        return op.builder.op('Gelu', [x])
      case 'TANH_APPROXIMATION':
        return op.builder.op('Gelu', [x], { approximate: 'tanh' })
      case 'SIGMOID_APPROXIMATION':
        return op.builder.op('QuickGelu', [x], { alpha: 1.702 }, { domain: 'com.microsoft' })
      default:
        return op.unsupported(`mode ${op.string('mode')}`)
    }
  },
  leaky_relu: (op) => op.builder.op('LeakyRelu', [op.input('x')], { alpha: op.number('alpha') }),
  linear_activation: (op) => {
    const { builder } = op
    const scaled = builder.op('Mul', [op.input('x'), builder.scalar(op.number('alpha'))])
    return builder.op('Add', [scaled, builder.scalar(op.number('beta'))])
  },
  prelu: (op) => {
    const x = op.input('x')
    return op.builder.op('PRelu', [x, alongChannels(op.builder, op.input('alpha'), x.dims.length)])
  },
  relu: unary('Relu'),
  relu6: (op) => op.builder.op('Clip', [op.input('x'), op.builder.scalar(0), op.builder.scalar(6)]),
  scaled_tanh: (op) => {
    const { builder } = op
    const inner = builder.op('Mul', [op.input('x'), builder.scalar(op.number('beta'))])
    return builder.op('Mul', [builder.op('Tanh', [inner]), builder.scalar(op.number('alpha'))])
  },
  sigmoid: unary('Sigmoid'),
  sigmoid_hard: (op) => op.builder.op('HardSigmoid', [op.input('x')], { alpha: op.number('alpha'), beta: op.number('beta') }),
  silu: (op) => op.builder.op('QuickGelu', [op.input('x')], { alpha: 1 }, { domain: 'com.microsoft' }),
  softplus: unary('Softplus'),
  softplus_parametric: (op) => {
    const { builder } = op
    const x = op.input('x')
    const alpha = alongChannels(builder, op.input('alpha'), x.dims.length)
    const beta = alongChannels(builder, op.input('beta'), x.dims.length)
    return builder.op('Mul', [alpha, builder.op('Softplus', [builder.op('Mul', [x, beta])])])
  },
  softmax: (op) => op.builder.op('Softmax', [op.input('x')], { axis: op.number('axis', -1) }),
  softsign: unary('Softsign'),
  thresholded_relu: (op) => thresholded(op.builder, op.input('x'), op.number('alpha')),
}
