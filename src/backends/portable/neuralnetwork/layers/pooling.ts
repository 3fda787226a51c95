import { PaddingType3D, type Pooling3DLayer, type PoolingLayer, PoolingType } from '../../../../format/index.ts'
import { staticDim, type Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { collapseLeading, restoreLeading } from '../shapes.ts'
import { borders, onnxPads, type Padding, samePadding, sizes, wholeWindows } from '../spatial.ts'

/** Windows over the spatial dimensions of [batch, channels, …]. */
interface Windows {
  kernel: number[]
  strides: number[]
  padding: Padding
  /** Room behind the padding that windows reach into, and that is no part of the average. */
  overhang: number[]
}

const global = ['GlobalMaxPool', 'GlobalAveragePool', 'GlobalLpPool'] as const

function globalPool(layer: LayerContext<unknown>, x: Value, type: number): Value {
  const opType = global[type]
  if (!opType) throw invalid(layer, `unknown type of pooling ${type}`)
  return layer.graph.op(opType, [x], opType === 'GlobalLpPool' ? { p: 2 } : {})
}

/** True where onnxruntime takes the padding as it is: less than the kernel. */
function fits({ before, after }: Padding, kernel: readonly number[]): boolean {
  return kernel.every((size, axis) => before[axis]! < size && after[axis]! < size)
}

function padded(layer: LayerContext<unknown>, x: Value, { before, after }: Padding, value: number): Value {
  const pads = layer.graph.ints(onnxPads({ before: [0, 0, ...before], after: [0, 0, ...after] }))
  return layer.graph.op('Pad', [x, pads, layer.graph.scalar(value)])
}

/** Max and L2 pooling: padding holds nothing. */
function pool(layer: LayerContext<unknown>, opType: 'MaxPool' | 'LpPool', x: Value, windows: Windows): Value {
  const { kernel, strides } = windows
  const padding = withOverhang(windows)
  const attributes = { kernel_shape: kernel, strides, p: opType === 'LpPool' ? 2 : undefined }
  if (fits(padding, kernel)) return layer.graph.op(opType, [x], { ...attributes, pads: onnxPads(padding) })
  return layer.graph.op(opType, [padded(layer, x, padding, opType === 'MaxPool' ? Number.NEGATIVE_INFINITY : 0)], attributes)
}

function withOverhang({ padding, overhang }: Windows): Padding {
  return { before: padding.before, after: padding.after.map((amount, axis) => amount + overhang[axis]!) }
}

/** Elements of each window along one dimension that count. */
function counts(size: number, kernel: number, stride: number, before: number, windows: number, first: number, last: number): Float32Array {
  return Float32Array.from({ length: windows }, (_, index) => {
    const start = index * stride - before
    return Math.min(start + kernel, size + last) - Math.max(start, -first)
  })
}

/** Average pooling: `exclude` leaves the padding out of the count. */
function average(layer: LayerContext<unknown>, x: Value, windows: Windows, exclude: boolean): Value {
  const { graph } = layer
  const { kernel, strides, padding, overhang } = windows
  const all = withOverhang(windows)
  const overhangs = overhang.some((amount) => amount > 0)
  if (fits(all, kernel) && (exclude || !overhangs)) {
    return graph.op('AveragePool', [x], { kernel_shape: kernel, strides, pads: onnxPads(all), count_include_pad: exclude ? 0 : 1 })
  }
  let y = graph.op('AveragePool', [padded(layer, x, all, 0)], { kernel_shape: kernel, strides })
  if (!exclude && !overhangs) return y
  // The average over whole windows, corrected to the elements that count.
  kernel.forEach((extent, axis) => {
    const size = staticDim(x, axis + 2)
    const [first, last] = exclude ? [0, 0] : [padding.before[axis]!, padding.after[axis]!]
    const counted = counts(size, extent, strides[axis]!, padding.before[axis]!, staticDim(y, axis + 2), first, last)
    const factors = counted.map((count) => (count > 0 ? extent / count : 0))
    const dims = kernel.map((_, other) => (other === axis ? factors.length : 1))
    y = graph.op('Mul', [y, graph.constant('float32', dims, factors)])
  })
  return y
}

function pooled(layer: LayerContext<unknown>, x: Value, type: number, windows: Windows, exclude: boolean): Value {
  switch (type) {
    case PoolingType.MAX:
      return pool(layer, 'MaxPool', x, windows)
    case PoolingType.AVERAGE:
      return average(layer, x, windows, exclude)
    case PoolingType.L2:
      return pool(layer, 'LpPool', x, windows)
    default:
      throw invalid(layer, `unknown type of pooling ${type}`)
  }
}

function windowed(layer: LayerContext<unknown>, x: Value, type: number, windows: Windows, exclude: boolean): Value {
  return wholeWindows(layer, x, pooled(layer, x, type, windows, exclude))
}

/** How far behind the padding the last window reaches when the last pixel has to be in one. */
function completion(x: Value, kernel: readonly number[], strides: readonly number[], amounts: readonly number[]): number[] {
  return kernel.map((extent, axis) => {
    const size = staticDim(x, axis + 2)
    const amount = amounts[axis]!
    let windows = Math.ceil((size + 2 * amount - extent) / strides[axis]!) + 1
    if (amounts.some((each) => each > 0) && (windows - 1) * strides[axis]! >= size + amount) windows--
    return Math.max(0, (windows - 1) * strides[axis]! + extent - size - 2 * amount)
  })
}

function pooling2D(layer: LayerContext<PoolingLayer>): Value {
  const { graph, params } = layer
  const original = input(layer)
  const x = collapseLeading(graph, original, 3)
  if (params.globalPooling) return restoreLeading(graph, globalPool(layer, x, params.type), original, 3)
  const kernel = sizes(params.kernelSize, 3)
  const strides = sizes(params.stride, 1)
  const { paddingType } = params
  let padding = borders(undefined)
  let overhang = [0, 0]
  if (paddingType.case === 'valid') padding = borders(paddingType.value.paddingAmounts)
  else if (paddingType.case === 'same') padding = samePadding(x, kernel, strides, paddingType.value.asymmetryMode)
  else if (paddingType.case === 'includeLastPixel') {
    const amounts = sizes(paddingType.value.paddingAmounts, 0)
    padding = { before: amounts, after: amounts }
    overhang = completion(x, kernel, strides, amounts)
  }
  const y = windowed(layer, x, params.type, { kernel, strides, padding, overhang }, params.avgPoolExcludePadding)
  return restoreLeading(graph, y, original, 3)
}

function pooling3D(layer: LayerContext<Pooling3DLayer>): Value {
  const { params } = layer
  const x = input(layer)
  const kernel = [params.kernelDepth, params.kernelHeight, params.kernelWidth]
  const strides = [params.strideDepth || 1, params.strideHeight || 1, params.strideWidth || 1]
  const none = { before: [0, 0, 0], after: [0, 0, 0] }
  const custom = {
    before: [params.customPaddingFront, params.customPaddingTop, params.customPaddingLeft],
    after: [params.customPaddingBack, params.customPaddingBottom, params.customPaddingRight],
  }
  const padding =
    params.paddingType === PaddingType3D.SAME
      ? samePadding(x, kernel, strides)
      : params.paddingType === PaddingType3D.CUSTOM
        ? custom
        : none
  return windowed(layer, x, params.type, { kernel, strides, padding, overhang: [0, 0, 0] }, params.countExcludePadding)
}

export const poolingLayers: LayerTable = {
  pooling: pooling2D,
  pooling3d: pooling3D,
  globalPooling3d: (layer) => globalPool(layer, input(layer), layer.params.type),
}
