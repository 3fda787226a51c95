import { type ChannelLayout, type Convolution3DLayer, type ConvolutionLayer, PaddingType3D } from '../../../../format/index.ts'
import { type Dim, staticDim, type Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable, weight } from '../layer.ts'
import { collapseLeading, restoreLeading } from '../shapes.ts'
import { borders, halves, onnxPads, type Padding, samePadding, sizes, wholeWindows } from '../spatial.ts'

/** A convolution of either kind, in ONNX's terms. */
interface Convolution {
  /** [batch, channels, …spatial] */
  x: Value
  weights: Value
  bias: Value | undefined
  kernel: number[]
  strides: number[]
  dilations: number[]
  group: number
}

function requireChannels(layer: LayerContext<unknown>, { dims }: Value, expected: Dim | undefined): void {
  const channels = dims[1]
  if (typeof expected !== 'number' || typeof channels !== 'number' || channels === expected) return
  throw invalid(layer, `its weights are for ${expected} channels, and its input has ${channels}`)
}

function convolve(
  layer: LayerContext<unknown>,
  { x, weights, bias, kernel, strides, dilations, group }: Convolution,
  padding: Padding,
): Value {
  const each = weights.dims[1]
  requireChannels(layer, x, typeof each === 'number' ? each * group : undefined)
  const attributes = { kernel_shape: kernel, strides, dilations, group, pads: onnxPads(padding) }
  return wholeWindows(layer, x, layer.graph.op('Conv', [x, weights, bias], attributes))
}

/** A deconvolution whose result is cropped by `padding`; where that is negative, the result grows. */
function deconvolve(
  layer: LayerContext<unknown>,
  { x, weights, bias, kernel, strides, dilations, group }: Convolution,
  padding: Padding,
): Value {
  requireChannels(layer, x, weights.dims[0])
  const { graph } = layer
  const positive = (amounts: number[]) => amounts.map((amount) => Math.max(0, amount))
  const negative = (amounts: number[]) => amounts.map((amount) => Math.max(0, -amount))
  const pads = onnxPads({ before: positive(padding.before), after: positive(padding.after) })
  const growth = onnxPads({ before: [0, 0, ...negative(padding.before)], after: [0, 0, ...negative(padding.after)] })
  const grows = growth.some((amount) => amount > 0)
  const attributes = { kernel_shape: kernel, strides, dilations, group, pads }
  const y = graph.op('ConvTranspose', [x, weights, grows ? undefined : bias], attributes)
  if (!grows) return y
  // What lies beyond every kernel is zero, but for the bias.
  const grown = graph.op('Pad', [y, graph.ints(growth)])
  return bias ? graph.op('Add', [grown, graph.reshape(bias, [-1, ...kernel.map(() => 1)])]) : grown
}

/** Total cropping that gives the wanted output size of a deconvolution. */
function cropTo(convolution: Convolution, size: (axis: number) => number): number[] {
  const { x, kernel, strides, dilations } = convolution
  return kernel.map((extent, axis) => {
    const full = (staticDim(x, axis - kernel.length) - 1) * strides[axis]! + dilations[axis]! * (extent - 1) + 1
    return full - size(axis)
  })
}

function cropping(convolution: Convolution, outputShape: readonly number[], padding: Padding | { mode?: number }): Padding {
  const { x, kernel, strides, dilations } = convolution
  if (outputShape.length > 0) {
    const total = cropTo(convolution, (axis) => outputShape[axis]!)
    const before = 'before' in padding ? padding.before : []
    // A stated padding still says where the result begins.
    return before.some((amount) => amount > 0) ? { before, after: total.map((amount, axis) => amount - before[axis]!) } : halves(total)
  }
  if ('before' in padding) return padding
  const total = x.dims.slice(2).every((dim) => dim !== null)
    ? cropTo(convolution, (axis) => staticDim(x, axis - kernel.length) * strides[axis]!)
    : kernel.map((extent, axis) => dilations[axis]! * (extent - 1) + 1 - strides[axis]!)
  return halves(total, padding.mode)
}

/** Where the output channels of the weights lie: a deconvolution has its input channels, of all groups, in front of those of one group. */
const channelsOf = (isDeconvolution: boolean, groups: number): ChannelLayout => (isDeconvolution ? { axis: 1, groups } : { axis: 0 })

function convolution2D(layer: LayerContext<ConvolutionLayer>): Value {
  const { graph, params } = layer
  const original = input(layer)
  const x = collapseLeading(graph, original, 3)
  const group = params.nGroups || 1
  const kernel = sizes(params.kernelSize, 3)
  const dynamic = layer.inputs[1]
  const dims = params.isDeconvolution
    ? [params.kernelChannels, params.outputChannels / group, ...kernel]
    : [params.outputChannels, params.kernelChannels, ...kernel]
  const convolution: Convolution = {
    x,
    weights: dynamic ? collapseLeading(graph, dynamic, 3) : weight(layer, params.weights, dims, channelsOf(params.isDeconvolution, group)),
    bias: params.hasBias ? weight(layer, params.bias, [params.outputChannels]) : undefined,
    kernel,
    strides: sizes(params.stride, 1),
    dilations: sizes(params.dilationFactor, 1),
    group,
  }
  const { paddingType } = params
  const valid = paddingType.case === 'same' ? undefined : borders(paddingType.value?.paddingAmounts)
  const mode = paddingType.case === 'same' ? paddingType.value.asymmetryMode : undefined
  if (params.isDeconvolution) {
    return restoreLeading(graph, deconvolve(layer, convolution, cropping(convolution, params.outputShape, valid ?? { mode })), original, 3)
  }
  const extents = kernel.map((size, axis) => (size - 1) * convolution.dilations[axis]! + 1)
  return restoreLeading(graph, convolve(layer, convolution, valid ?? samePadding(x, extents, convolution.strides, mode)), original, 3)
}

function convolution3D(layer: LayerContext<Convolution3DLayer>): Value {
  const { params } = layer
  const x = input(layer)
  if (x.dims.length !== 5) throw invalid(layer, `its input has rank ${x.dims.length}, and needs 5`)
  const group = params.nGroups || 1
  const kernel = [params.kernelDepth, params.kernelHeight, params.kernelWidth]
  const dims = params.isDeconvolution
    ? [params.inputChannels, params.outputChannels / group, ...kernel]
    : [params.outputChannels, params.inputChannels / group, ...kernel]
  const convolution: Convolution = {
    x,
    weights: weight(layer, params.weights, dims, channelsOf(params.isDeconvolution, group)),
    bias: params.hasBias ? weight(layer, params.bias, [params.outputChannels]) : undefined,
    kernel,
    strides: [params.strideDepth || 1, params.strideHeight || 1, params.strideWidth || 1],
    dilations: [params.dilationDepth || 1, params.dilationHeight || 1, params.dilationWidth || 1],
    group,
  }
  const none = { before: [0, 0, 0], after: [0, 0, 0] }
  const custom = {
    before: [params.customPaddingFront, params.customPaddingTop, params.customPaddingLeft],
    after: [params.customPaddingBack, params.customPaddingBottom, params.customPaddingRight],
  }
  const stated = params.paddingType === PaddingType3D.CUSTOM ? custom : params.paddingType === PaddingType3D.VALID ? none : undefined
  if (params.isDeconvolution) return deconvolve(layer, convolution, cropping(convolution, params.outputShape, stated ?? {}))
  const extents = kernel.map((size, axis) => (size - 1) * convolution.dilations[axis]! + 1)
  return convolve(layer, convolution, stated ?? samePadding(x, extents, convolution.strides))
}

export const convolutionLayers: LayerTable = { convolution: convolution2D, convolution3d: convolution3D }
