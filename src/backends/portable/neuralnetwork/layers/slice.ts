import { SliceAxis } from '../../../../format/index.ts'
import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { asValue } from '../../onnx/shape-element.ts'
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
    else if (toEnd) ends.push(stride > 0 ? farEnd : farStart)
    else if (axis < params.endIds.length) ends.push(params.endIds[axis]!)
    else throw invalid(layer, `ends for ${params.endIds.length} axes of a value of rank ${x.dims.length}`)
  })
  const y = axes.length > 0 ? graph.slice(x, axes, starts, ends, steps) : x
  return graph.squeeze(y, squeezed)
}

/** A bound that no dimension reaches instead of one beyond all integers, such as the largest of 64 bits, which float32 rounds up. */
function within(graph: GraphBuilder, bound: Value): Value {
  return graph.op('Max', [graph.op('Min', [bound, graph.scalar(farEnd)]), graph.scalar(farStart)])
}

/** A slice of which begins, ends, strides and masks may be inputs that only a run tells. */
function sliceDynamic(layer: LayerContext<SliceParams>): Value {
  const { graph, params } = layer
  const x = input(layer)
  const rank = x.dims.length
  /** One number for each dimension, by an input or by the parameters. */
  const setting = (index: number, stated: readonly number[], fallback: number): Value => {
    const value = layer.inputs[index]
    return value ? vectorOf(graph, toInt64(graph, within(graph, value))) : graph.ints(x.dims.map((_, axis) => stated[axis] || fallback))
  }
  const begins = setting(1, [], 0)
  const ends = setting(2, params.endIds, 0)
  const strides = setting(3, params.strides, 1)
  const beginMasks = setting(4, params.beginMasks.map(Number), 0)
  const endMasks = setting(5, params.endMasks.map(Number), 0)
  const squeezeMasks = setting(6, params.squeezeMasks.map(Number), 0)
  const squeezes = constantNumbers(squeezeMasks)
  if (!squeezes) throw new UnknownDimensionError('which dimensions it drops')
  const all = [begins, ends, strides, beginMasks, endMasks].map(constantNumbers)
  if (all.every((numbers) => numbers !== undefined)) {
    const [beginIds, endIds, steps, fromStart, toEnd] = all as number[][]
    const flags = (numbers: number[] | undefined) => numbers!.map((number) => number !== 0)
    const masks = { beginMasks: flags(fromStart), endMasks: flags(toEnd), squeezeMasks: flags(squeezes) }
    return sliceStatic(layer, x, { beginIds: beginIds!, endIds: endIds!, strides: steps!, ...masks })
  }
  const nowhere = graph.ints(Array(rank).fill(0))
  const onward = graph.ints(Array(rank).fill(1))
  const where = (condition: Value, yes: Value, no: Value) => graph.op('Where', [condition, yes, no])
  const isSet = (mask: Value) => graph.cast(mask, 'bool')
  const forwards = graph.op('Greater', [strides, nowhere])
  const single = isSet(squeezeMasks)
  const far = (from: Value, to: Value) => where(forwards, from, to)
  const first = far(nowhere, graph.ints(Array(rank).fill(farEnd)))
  const last = far(graph.ints(Array(rank).fill(farEnd)), graph.ints(Array(rank).fill(farStart)))
  const next = where(graph.op('Equal', [begins, graph.ints([-1])]), graph.ints([farEnd]), graph.op('Add', [begins, onward]))
  const starts = where(single, begins, where(isSet(beginMasks), first, begins))
  const stops = where(single, next, where(isSet(endMasks), last, ends))
  const steps = where(single, onward, strides)
  const squeezed = [...x.dims.keys()].filter((axis) => squeezes[axis])
  const [, , knownSteps, fromStart, toEnd] = all
  const whole = (axis: number) => Math.abs(knownSteps?.[axis] ?? 0) === 1 && fromStart?.[axis] && toEnd?.[axis]
  const dims: Dim[] = x.dims.map((dim, axis) => (squeezes[axis] ? 1 : whole(axis) ? dim : null))
  const y = graph.op('Slice', [x, starts, stops, graph.ints([...x.dims.keys()]), steps], {}, { types: [{ type: x.type, dims }] })
  return graph.squeeze(y, squeezed)
}

/** A position that may count from the end, counted from the front: behind the last element a slice ends at the size, and not at 0. */
function fromFront(graph: GraphBuilder, position: Value, size: ShapeElement): Value {
  const isNegative = graph.op('Less', [position, graph.scalar(0, 'int64')])
  return graph.op('Where', [isNegative, graph.op('Add', [position, asValue(graph, size)]), position])
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
    // 0, also where a file states no end, is the end of the data: in Apple's own shapes an end that is not positive counts back from there.
    const end = params.endIndex === 0 ? farEnd : params.endIndex
    return graph.slice(x, [axisOf(layer, x, along)], [params.startIndex], [end], [params.stride || 1])
  },
  sliceStatic: (layer) => sliceStatic(layer, input(layer), layer.params),
  sliceDynamic,
  sliceBySize: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const axis = axisOf(layer, x, params.axis)
    const begin = graph.reshape(toInt64(graph, scalarOf(graph, input(layer, 1))), [1])
    const whole = params.size < 0
    const first = constantNumbers(begin)?.[0]
    if (first !== undefined && (first < 0 || whole))
      return graph.slice(x, [axis], [first], [whole || first + params.size === 0 ? farEnd : first + params.size])
    const start = whole ? begin : fromFront(graph, begin, graph.dim(x, axis))
    const end = whole ? graph.ints([farEnd]) : graph.op('Add', [start, graph.ints([params.size])])
    const dims = x.dims.map((dim, index) => (index === axis ? (whole ? null : params.size) : dim))
    return graph.op('Slice', [x, start, end, graph.ints([axis])], {}, { types: [{ type: x.type, dims }] })
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
