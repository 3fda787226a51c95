import type { InferenceRule } from './infer.ts'
import { constantNumbers, type Dim, type Value } from './value.ts'

/** Ops over the spatial dimensions of N×C×D1×… values. */

interface Window {
  kernel: readonly number[]
  strides: readonly number[]
  dilations: readonly number[]
  pads: readonly number[]
  ceil: boolean
  autoPad: string
}

function windowOf(attributes: Record<string, unknown>, kernel: readonly number[]): Window {
  const rank = kernel.length
  return {
    kernel,
    strides: (attributes.strides as number[] | undefined) ?? Array(rank).fill(1),
    dilations: (attributes.dilations as number[] | undefined) ?? Array(rank).fill(1),
    pads: (attributes.pads as number[] | undefined) ?? Array(rank * 2).fill(0),
    ceil: attributes.ceil_mode === 1,
    autoPad: (attributes.auto_pad as string | undefined) ?? 'NOTSET',
  }
}

function windowed(size: Dim, axis: number, { kernel, strides, dilations, pads, ceil, autoPad }: Window): Dim {
  if (size === null) return null
  const stride = strides[axis]!
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') return Math.ceil(size / stride)
  const before = autoPad === 'VALID' ? 0 : pads[axis]!
  const after = autoPad === 'VALID' ? 0 : pads[axis + kernel.length]!
  const extent = dilations[axis]! * (kernel[axis]! - 1) + 1
  const steps = (size + before + after - extent) / stride
  // Integer division, as in onnxruntime: it truncates, also where the window is larger than the input.
  if (!ceil) return Math.trunc(steps) + 1
  const count = Math.ceil(steps) + 1
  // A window that would start in the padding behind the input is dropped.
  return (count - 1) * stride >= size + before ? count - 1 : count
}

const pool: InferenceRule = ([x], attributes, outputs) => {
  const window = windowOf(attributes, attributes.kernel_shape as number[])
  const dims = [...x!.dims.slice(0, 2), ...x!.dims.slice(2).map((size, axis) => windowed(size, axis, window))]
  const values = { type: x!.type, dims }
  return outputs > 1 ? [values, { type: 'int64', dims }] : [values]
}

const globalPool: InferenceRule = ([x]) => [{ type: x!.type, dims: x!.dims.map((dim, axis) => (axis < 2 ? dim : 1)) }]

const convolution: InferenceRule = ([x, weight], attributes, _outputs, opType) => {
  const kernel = (attributes.kernel_shape as number[] | undefined) ?? weight!.dims.slice(2).map((dim) => dim!)
  const window = windowOf(attributes, kernel)
  const dims = [x!.dims[0]!, weight!.dims[0]!, ...x!.dims.slice(2).map((size, axis) => windowed(size, axis, window))]
  return [{ type: opType === 'ConvInteger' ? 'int32' : x!.type, dims }]
}

const transposedConvolution: InferenceRule = ([x, weight], attributes) => {
  const kernel = (attributes.kernel_shape as number[] | undefined) ?? weight!.dims.slice(2).map((dim) => dim!)
  const { strides, dilations, pads } = windowOf(attributes, kernel)
  const extra = (attributes.output_padding as number[] | undefined) ?? kernel.map(() => 0)
  const stated = attributes.output_shape as number[] | undefined
  const channels = weight!.dims[1] === null ? null : weight!.dims[1]! * ((attributes.group as number | undefined) ?? 1)
  const spatial = x!.dims.slice(2).map((size, axis): Dim => {
    if (stated) return stated[axis]!
    if (size === null) return null
    return (
      strides[axis]! * (size - 1) + extra[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1 - pads[axis]! - pads[axis + kernel.length]!
    )
  })
  return [{ type: x!.type, dims: [x!.dims[0]!, channels, ...spatial] }]
}

const resize: InferenceRule = ([x, , scales, sizes], { axes }) => {
  const along = (axes as number[] | undefined) ?? [...x!.dims.keys()]
  const factors = constantNumbers(scales as Value | null)
  const target = constantNumbers(sizes as Value | null)
  const dims = [...x!.dims]
  along.forEach((axis, i) => {
    const size = dims[axis]!
    if (target) dims[axis] = target[i]!
    else dims[axis] = factors?.length && size !== null ? Math.floor(size * Math.fround(factors[i]!)) : null
  })
  return [{ type: x!.type, dims }]
}

export const spatialRules: Record<string, InferenceRule> = {
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  Conv: convolution,
  ConvInteger: convolution,
  ConvTranspose: transposedConvolution,
  Resize: resize,
  GridSample: ([x, grid]) => [{ type: x!.type, dims: [...x!.dims.slice(0, 2), ...grid!.dims.slice(1, -1)] }],
  RoiAlign: ([x, rois], { output_height = 1, output_width = 1 }) => [
    { type: x!.type, dims: [rois!.dims[0]!, x!.dims[1]!, output_height as number, output_width as number] },
  ],
  MaxRoiPool: ([x, rois], { pooled_shape }) => [{ type: x!.type, dims: [rois!.dims[0]!, x!.dims[1]!, ...(pooled_shape as number[])] }],
  DepthToSpace: ([x], { blocksize }) => {
    const block = blocksize as number
    const [n, c, h, w] = x!.dims
    return [
      { type: x!.type, dims: [n!, c === null ? null : c! / block ** 2, h === null ? null : h! * block, w === null ? null : w! * block] },
    ]
  },
  SpaceToDepth: ([x], { blocksize }) => {
    const block = blocksize as number
    const [n, c, h, w] = x!.dims
    return [
      { type: x!.type, dims: [n!, c === null ? null : c! * block ** 2, h === null ? null : h! / block, w === null ? null : w! / block] },
    ]
  },
  NonMaxSuppression: () => [{ type: 'int64', dims: [null, 3] }],
  Col2Im: ([x, image]) => [{ type: x!.type, dims: [x!.dims[0]!, null, ...(constantNumbers(image) ?? [null, null])] }],
}
