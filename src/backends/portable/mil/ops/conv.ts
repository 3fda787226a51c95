import type { GraphBuilder } from '../../onnx/builder.ts'
import { samePadding } from '../../onnx/same-padding.ts'
import { type Dim, isStatic, staticDims, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { alongChannels, upTo } from './common.ts'

/** A sliding window in ONNX's terms. */
export interface Window {
  strides: number[]
  dilations: number[]
  /** Before each dimension, then after each. */
  pads?: number[]
  auto_pad?: string
}

/** Reads strides, dilations and padding of an op that slides `kernel` over the dimensions of `x` behind batch and channels. */
export function windowOf(op: OpContext, kernel: readonly number[], x: Value): Window {
  const rank = kernel.length
  const ones = Array<number>(rank).fill(1)
  const strides = op.ints('strides', ones)
  const dilations = op.ints('dilations', ones)
  const type = op.string('pad_type', 'valid')
  switch (type) {
    case 'valid':
      return { strides, dilations }
    case 'custom': {
      const pad = op.ints('pad', Array(rank * 2).fill(0))
      return { strides, dilations, pads: [...upTo(rank).map((axis) => pad[2 * axis]!), ...upTo(rank).map((axis) => pad[2 * axis + 1]!)] }
    }
    case 'same':
    case 'same_lower': {
      const lower = type === 'same_lower'
      const total: readonly Dim[] = kernel.map((taps, axis) =>
        samePadding(x.dims[axis + 2]!, (taps - 1) * dilations[axis]! + 1, strides[axis]!),
      )
      if (!isStatic(total)) {
        // onnxruntime works the padding out from the shapes that come, but not with dilations, nor where windows leave gaps.
        if (dilations.some((dilation) => dilation > 1) || kernel.some((taps, axis) => taps < strides[axis]!)) staticDims(x)
        return { strides, dilations, auto_pad: lower ? 'SAME_LOWER' : 'SAME_UPPER' }
      }
      const less = total.map((amount) => Math.floor(amount / 2))
      const more = total.map((amount, axis) => amount - less[axis]!)
      return { strides, dilations, pads: lower ? [...more, ...less] : [...less, ...more] }
    }
    default:
      return op.unsupported(`padding of type ${type}`)
  }
}

function kernelOf(weight: Value): readonly number[] {
  return staticDims({ ...weight, dims: weight.dims.slice(2) })
}

/** What Conv and ConvTranspose read; the weight is [outputs or inputs, inputs or outputs of a group, …kernel]. */
type Operands = [x: Value, weight: Value, bias: Value | null | undefined]

/**
 * A convolution along one dimension as one over images of height 1. onnxruntime's general code gathers what any number of dimensions needs; for
 * images it has code of their own, which takes a quarter to two thirds of the time for ConvTranspose and for kernels of one channel from 7 taps on.
 */
function overImages(builder: GraphBuilder, opType: string, [x, weight, bias]: Operands, window: Window & { group: number }): Value {
  const image = (value: Value) => builder.unsqueeze(value, [2])
  const { strides, dilations, pads } = window
  const y = builder.op(opType, [image(x), image(weight), bias], {
    ...window,
    strides: [1, ...strides],
    dilations: [1, ...dilations],
    pads: pads && [0, pads[0]!, 0, pads[1]!],
  })
  return builder.squeeze(y, [2])
}

function convolution(op: OpContext): Value {
  const { builder } = op
  const operands: Operands = [op.input('x'), op.input('weight'), op.optional('bias')]
  const [x, weight] = operands
  const kernel = kernelOf(weight)
  const window = { ...windowOf(op, kernel, x), group: op.number('groups', 1) }
  const isDepthwise = weight.dims[1] === 1 && weight.dims[0] === window.group
  return kernel.length === 1 && kernel[0]! >= 7 && isDepthwise
    ? overImages(builder, 'Conv', operands, window)
    : builder.op('Conv', operands, window)
}

function transposed(op: OpContext): Value {
  const { builder } = op
  const x = op.input('x')
  const weight = op.input('weight')
  const group = op.number('groups', 1)
  const kernel = kernelOf(weight)
  const rank = kernel.length
  const ones = Array<number>(rank).fill(1)
  const strides = op.ints('strides', ones)
  const dilations = op.ints('dilations', ones)
  const extent = kernel.map((size, axis) => (size - 1) * dilations[axis]! + 1)
  const type = op.string('pad_type', 'valid')
  const stated = op.has('output_shape') ? op.ints('output_shape').slice(2) : undefined
  const custom = op.ints('pad', Array(rank * 2).fill(0))

  const before: number[] = []
  const after: number[] = []
  for (const axis of upTo(rank)) {
    if (type === 'custom') {
      before.push(custom[2 * axis]!)
      after.push(custom[2 * axis + 1]!)
    } else if (type === 'valid') {
      before.push(0)
      after.push(0)
    } else {
      // As much as the convolution would pad that turns the output into the input.
      const size = stated ? x.dims[axis + 2]! : null
      const excess = stated && size !== null ? (size - 1) * strides[axis]! + extent[axis]! - stated[axis]! : extent[axis]! - strides[axis]!
      const total = Math.max(0, excess)
      const less = Math.floor(total / 2)
      before.push(type === 'same_lower' ? total - less : less)
      after.push(type === 'same_lower' ? less : total - less)
      if (excess < 0 && !stated) after[axis] = excess
    }
    if (stated) {
      const size = staticDims(x)[axis + 2]!
      const full = (size - 1) * strides[axis]! + extent[axis]!
      after[axis] = full - before[axis]! - stated[axis]!
    }
  }
  // What goes beyond the last window's reach is zero, plus bias.
  const beyond = after.map((amount) => Math.max(0, -amount))
  const extra = beyond.some((amount) => amount > 0)
  const bias = op.optional('bias')
  const operands: Operands = [x, weight, extra ? null : bias]
  const window = { strides, dilations, group, pads: [...before, ...after.map((amount) => Math.max(0, amount))] }
  const result = rank === 1 ? overImages(builder, 'ConvTranspose', operands, window) : builder.op('ConvTranspose', operands, window)
  if (!extra) return result
  const padded = builder.op('Pad', [result, builder.ints([0, 0, ...ones.map(() => 0), 0, 0, ...beyond])])
  return bias ? builder.op('Add', [padded, alongChannels(builder, bias, x.dims.length)]) : padded
}

/** Convolutions. */
export const conv: LoweringTable = {
  conv: convolution,
  conv_transpose: transposed,
}
