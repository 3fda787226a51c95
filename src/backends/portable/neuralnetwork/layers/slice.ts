import { SliceAxis } from '../../../../format/index.ts'
import type { Dim, Value } from '../../onnx/value.ts'
import { constantNumbers, UnknownDimensionError } from '../../onnx/value.ts'
import { axisOf, input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { scalarOf, toInt64, vectorOf } from '../shapes.ts'

/** Slices, static and dynamic, and triangular parts of matrices. */

/** Beyond every dimension: ONNX cuts bounds down to the size. */
const farEnd = 2147483647
const farStart = -2147483648

const sliceAxes: Record<number, number> = { [SliceAxis.CHANNEL_AXIS]: -3, [SliceAxis.HEIGHT_AXIS]: -2, [SliceAxis.WIDTH_AXIS]: -1 }

interface SliceParams {
  beginIds: number[]
  beginMasks: boolean[]
  endIds: number[]
  endMasks: boolean[]
  strides: number[]
  squeezeMasks: boolean[]
}

/** A slice whose bounds are known: `x[begin:end:stride]` in every dimension, with masks for "from the start" and "to the end". */
function sliceStatic(layer: LayerContext<unknown>, x: Value, params: SliceParams): Value {
  const { graph } = layer
  const axes: number[] = []
  const starts: number[] = []
  const ends: number[] = []
  const steps: number[] = []
  const squeezed: number[] = []
  x.dims.forEach((_, axis) => {
    const begin = params.beginIds[axis] ?? 0
    const stride = params.strides[axis] || 1
    const single = params.squeezeMasks[axis] === true
    const [fromStart, toEnd] = [params.beginMasks[axis] === true, params.endMasks[axis] === true]
    if (single) squeezed.push(axis)
    else if (fromStart && toEnd && stride === 1) return
    axes.push(axis)
    steps.push(single ? 1 : stride)
    starts.push(single || !fromStart ? begin : stride > 0 ? 0 : farEnd)
    if (single) ends.push(begin === -1 ? farEnd : begin + 1)
    else ends.push(!toEnd ? params.endIds[axis]! : stride > 0 ? farEnd : farStart)
  })
  const y = axes.length > 0 ? graph.slice(x, axes, starts, ends, steps) : x
  return graph.squeeze(y, squeezed)
}

/** A slice some of whose bounds only a run tells. */
function sliceDynamic(layer: LayerContext<SliceParams>): Value {
  const { graph, params } = layer
  const x = input(layer)
  const rank = x.dims.length
  const given = (index: number): Value | undefined => {
    const value = layer.inputs[index]
    return value && vectorOf(graph, toInt64(graph, value))
  }
  const known = (index: number, fallback: number[]): number[] | undefined => {
    const value = given(index)
    return value ? constantNumbers(value) : fallback
  }
  const flags = (values: readonly number[] | undefined) => values?.map((value) => value !== 0)
  const squeezeMasks = flags(known(6, params.squeezeMasks.map(Number)))
  const beginMasks = flags(known(4, params.beginMasks.map(Number)))
  const endMasks = flags(known(5, params.endMasks.map(Number)))
  const strides = known(3, params.strides)
  if (!squeezeMasks || !beginMasks || !endMasks || !strides) throw new UnknownDimensionError(layer.inputs[layer.inputs.length - 1]!)
  const beginIds = known(1, [])
  const endIds = known(2, params.endIds)
  if (beginIds && endIds) return sliceStatic(layer, x, { beginIds, endIds, beginMasks, endMasks, strides, squeezeMasks })
  const begins = given(1) ?? graph.ints(Array(rank).fill(0))
  const endsGiven = given(2) ?? graph.ints(params.endIds)
  const axes: number[] = []
  const starts: Value[] = []
  const ends: Value[] = []
  const steps: number[] = []
  const squeezed: number[] = []
  const dims: Dim[] = [...x.dims]
  const at = (vector: Value, axis: number) => graph.slice(vector, [0], [axis], [axis + 1])
  x.dims.forEach((_, axis) => {
    const stride = strides[axis] || 1
    const begin = at(begins, axis)
    if (squeezeMasks[axis]) {
      squeezed.push(axis)
      axes.push(axis)
      steps.push(1)
      starts.push(begin)
      const last = graph.op('Equal', [begin, graph.ints([-1])])
      ends.push(graph.op('Where', [last, graph.ints([farEnd]), graph.op('Add', [begin, graph.ints([1])])]))
      dims[axis] = 1
      return
    }
    if (beginMasks[axis] && endMasks[axis] && stride === 1) return
    axes.push(axis)
    steps.push(stride)
    starts.push(beginMasks[axis] ? graph.ints([stride > 0 ? 0 : farEnd]) : begin)
    ends.push(endMasks[axis] ? graph.ints([stride > 0 ? farEnd : farStart]) : at(endsGiven, axis))
    dims[axis] = null
  })
  const bounds = [graph.concat(starts, 0), graph.concat(ends, 0), graph.ints(axes), graph.ints(steps)]
  const y = axes.length > 0 ? graph.op('Slice', [x, ...bounds], {}, { types: [{ type: x.type, dims }] }) : x
  return graph.squeeze(y, squeezed)
}

/** A triangle of the innermost matrices, the diagonal `k` included; the rest is zero. */
function triangle(layer: LayerContext<unknown>, x: Value, upper: boolean, k: number): Value {
  return layer.graph.op('Trilu', [x, layer.graph.scalar(k, 'int64')], { upper: upper ? 1 : 0 })
}

export const sliceLayers: LayerTable = {
  slice: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const along = sliceAxes[params.axis]
    if (along === undefined) throw invalid(layer, `unknown axis ${params.axis}`)
    return graph.slice(x, [axisOf(layer, x, along)], [params.startIndex], [params.endIndex], [params.stride || 1])
  },
  sliceStatic: (layer) => sliceStatic(layer, input(layer), layer.params),
  sliceDynamic,
  sliceBySize: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const axis = axisOf(layer, x, params.axis)
    const begin = graph.reshape(toInt64(graph, scalarOf(graph, input(layer, 1))), [1])
    const whole = params.size < 0
    const end = whole ? graph.ints([farEnd]) : graph.op('Add', [begin, graph.ints([params.size])])
    const first = constantNumbers(begin)?.[0]
    if (first !== undefined && (first < 0 || whole))
      return graph.slice(x, [axis], [first], [whole || first + params.size === 0 ? farEnd : first + params.size])
    const dims = x.dims.map((dim, index) => (index === axis ? (whole ? null : params.size) : dim))
    return graph.op('Slice', [x, begin, end, graph.ints([axis])], {}, { types: [{ type: x.type, dims }] })
  },
  matrixBandPart: (layer) => {
    const { numLower, numUpper } = layer.params
    let x = input(layer)
    if (numLower >= 0) x = triangle(layer, x, true, -numLower)
    if (numUpper >= 0) x = triangle(layer, x, false, numUpper)
    return x
  },
  lowerTriangular: (layer) => triangle(layer, input(layer), false, layer.params.k),
  upperTriangular: (layer) => triangle(layer, input(layer), true, layer.params.k),
}
