import { InterpolationMode, LinearUpsampleMode, ReorganizationType, SamplingMethod } from '../../../../format/index.ts'
import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { reflectPad } from '../../onnx/reflect-pad.ts'
import type { Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { type Grid, resizeLinear, resizeNearest, resizeWithin } from '../resample.ts'
import { collapseLeading, restoreLeading, toInt64 } from '../shapes.ts'
import { borders, sizes } from '../spatial.ts'

/** Layers over the last two or three dimensions: channels, height, width. */

const upsampleGrids: Record<number, Grid> = {
  [LinearUpsampleMode.DEFAULT]: 'asymmetric',
  [LinearUpsampleMode.ALIGN_CORNERS_TRUE]: 'alignCorners',
  [LinearUpsampleMode.ALIGN_CORNERS_FALSE]: 'halfPixel',
}

/** floor(size · factor) */
function scaled(graph: GraphBuilder, size: ShapeElement, factor: number): ShapeElement {
  if (typeof size === 'number') return Math.floor(Math.fround(size * factor))
  if (Number.isInteger(factor)) return graph.op('Mul', [size, graph.scalar(factor, 'int64')])
  return graph.cast(graph.op('Floor', [graph.op('Mul', [graph.cast(size, 'float32'), graph.scalar(factor)])]), 'int64')
}

/** The grid of a sampling method; one output element sits in the middle, but for the strict method. */
function gridOf(layer: LayerContext<unknown>, method: number, count: number): Grid {
  switch (method) {
    case SamplingMethod.STRICT_ALIGN_ENDPOINTS_MODE:
      return 'alignCorners'
    case SamplingMethod.ALIGN_ENDPOINTS_MODE:
      return count === 1 ? 'halfPixel' : 'alignCorners'
    case SamplingMethod.UPSAMPLE_MODE:
      return 'asymmetric'
    default:
      throw invalid(layer, `unknown sampling method ${method}`)
  }
}

/** Runs `work` on [batch, channels, height, width]. */
function onImages(layer: LayerContext<unknown>, work: (images: Value) => Value): Value {
  const x = input(layer)
  return restoreLeading(layer.graph, work(collapseLeading(layer.graph, x, 3)), x, 3)
}

const paddingModes = { constant: 'constant', reflection: 'reflect', replication: 'edge' } as const

export const imageLayers: LayerTable = {
  crop: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const rank = x.dims.length
    const axes = [rank - 2, rank - 1]
    const reference = layer.inputs[1]
    if (!reference) {
      const { before, after } = borders(params.cropAmounts)
      return graph.slice(
        x,
        axes,
        before,
        after.map((amount) => (amount === 0 ? 2147483647 : -amount)),
      )
    }
    const offsets = sizes(params.offset, 0)
    const target = graph.dims(reference).slice(-2)
    if (target.every((size) => typeof size === 'number')) {
      return graph.slice(
        x,
        axes,
        offsets,
        target.map((size, axis) => size + offsets[axis]!),
      )
    }
    const ends = graph.op('Add', [graph.shapeVector(target), graph.ints(offsets)])
    const dims = [...x.dims.slice(0, -2), ...reference.dims.slice(-2)]
    return graph.op('Slice', [x, graph.ints(offsets), ends, graph.ints(axes)], {}, { types: [{ type: x.type, dims }] })
  },
  padding: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const { before, after } = borders(params.paddingAmounts)
    const type = params.paddingType
    const mode = paddingModes[type.case ?? 'constant']
    // Without the axes that Pad takes: onnxruntime forgets them where it moves a transpose through it.
    const none = Array<number>(x.dims.length - 2).fill(0)
    const pads = [...none, ...before, ...none, ...after]
    if (mode === 'reflect') return reflectPad(graph, x, pads)
    const value = mode === 'constant' ? graph.scalar(type.case === 'constant' ? type.value.value : 0) : null
    return graph.op('Pad', [x, graph.ints(pads), value], { mode })
  },
  upsample: (layer) => {
    const { graph, params } = layer
    const factors = params.fractionalScalingFactor.length > 0 ? params.fractionalScalingFactor : sizes(params.scalingFactor, 1)
    return onImages(layer, (images) => {
      const size = [2, 3].map((axis) => scaled(graph, graph.dim(images, axis), factors[axis - 2]!)) as [ShapeElement, ShapeElement]
      if (params.mode === InterpolationMode.NN) return resizeNearest(graph, images, size)
      const grid = upsampleGrids[params.linearUpsampleMode]
      if (!grid) throw invalid(layer, `unknown mode ${params.linearUpsampleMode} of linear upsampling`)
      return resizeLinear(graph, images, size, [grid, grid])
    })
  },
  resizeBilinear: (layer) => {
    const { graph, params } = layer
    const [height, width] = sizes(params.targetSize, 1) as [number, number]
    const method = params.mode?.samplingMethod ?? 0
    return onImages(layer, (images) =>
      method === SamplingMethod.ROI_ALIGN_MODE
        ? resizeWithin(graph, images, [height, width])
        : resizeLinear(graph, images, [height, width], [gridOf(layer, method, height), gridOf(layer, method, width)]),
    )
  },
  reorganizeData: (layer) => {
    const { graph, params } = layer
    const blocksize = params.blockSize
    return onImages(layer, (images) => {
      switch (params.mode) {
        case ReorganizationType.SPACE_TO_DEPTH:
          return graph.op('SpaceToDepth', [images], { blocksize })
        case ReorganizationType.DEPTH_TO_SPACE:
          return graph.op('DepthToSpace', [images], { blocksize, mode: 'DCR' })
        case ReorganizationType.PIXEL_SHUFFLE:
          return graph.op('DepthToSpace', [images], { blocksize, mode: 'CRD' })
        default:
          throw invalid(layer, `unknown mode ${params.mode}`)
      }
    })
  },
  constantPad: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const rank = x.dims.length
    const value = graph.scalar(params.value)
    const given = layer.inputs[1]
    if (!given) {
      const amounts = Array.from({ length: 2 * rank }, (_, index) => params.padAmounts[index] ?? 0)
      const missing = amounts.map((amount, index): ShapeElement => {
        if (!params.padToGivenOutputSizeMode || amount === 0) return amount
        const size = graph.dim(x, Math.floor(index / 2))
        return typeof size === 'number' ? Math.max(0, amount - size) : positiveDifference(graph, graph.scalar(amount, 'int64'), size)
      })
      const order = [...Array(rank).keys()].flatMap((axis) => [missing[2 * axis]!, missing[2 * axis + 1]!])
      const pads = [...order.filter((_, index) => index % 2 === 0), ...order.filter((_, index) => index % 2 === 1)]
      return graph.op('Pad', [x, graph.shapeVector(pads), value])
    }
    // [before, after] for each dimension, as ONNX takes them: all befores, then all afters.
    let amounts = graph.transpose(graph.reshape(toInt64(graph, given), [rank, 2]), [1, 0])
    if (params.padToGivenOutputSizeMode) amounts = positiveDifference(graph, amounts, graph.shape(x))
    return graph.op('Pad', [x, graph.reshape(amounts, [2 * rank]), value], {}, { types: [{ type: x.type, dims: x.dims.map(() => null) }] })
  },
}

function positiveDifference(graph: GraphBuilder, amount: Value, size: Value): Value {
  return graph.op('Max', [graph.op('Sub', [amount, size]), graph.scalar(0, 'int64')])
}
