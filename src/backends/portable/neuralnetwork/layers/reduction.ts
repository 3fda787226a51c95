import { ReduceAxis, ReduceOperation } from '../../../../format/index.ts'
import { asValue } from '../../onnx/shape-element.ts'
import { topK } from '../../onnx/top-k.ts'
import type { Value } from '../../onnx/value.ts'
import { axisOf, input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { scalarOf, toFloat, toInt64 } from '../shapes.ts'

/** Reductions, ordering and counting along axes. */

const reduceOps: Record<number, string> = {
  [ReduceOperation.SUM]: 'ReduceSum',
  [ReduceOperation.AVG]: 'ReduceMean',
  [ReduceOperation.PROD]: 'ReduceProd',
  [ReduceOperation.LOGSUM]: 'ReduceSum',
  [ReduceOperation.SUMSQUARE]: 'ReduceSumSquare',
  [ReduceOperation.L1]: 'ReduceL1',
  [ReduceOperation.L2]: 'ReduceL2',
  [ReduceOperation.MAX]: 'ReduceMax',
  [ReduceOperation.MIN]: 'ReduceMin',
}

const reduceAxes: Record<number, number[]> = {
  [ReduceAxis.CHW]: [-3, -2, -1],
  [ReduceAxis.HW]: [-2, -1],
  [ReduceAxis.C]: [-3],
  [ReduceAxis.H]: [-2],
  [ReduceAxis.W]: [-1],
}

interface ReduceParams {
  axes: number[]
  keepDims: boolean
  reduceAll: boolean
}

const reduction = (opType: string) => (layer: LayerContext<ReduceParams>) => {
  const { graph, params } = layer
  const x = input(layer)
  const axes = params.reduceAll ? null : graph.ints(params.axes.map((axis) => axisOf(layer, x, axis)))
  return graph.op(opType, [x, axes], { keepdims: params.keepDims ? 1 : 0 })
}

const argument = (opType: 'ArgMax' | 'ArgMin') => (layer: LayerContext<{ axis: number; removeDim: boolean }>) => {
  const { graph, params } = layer
  const x = input(layer)
  const keepdims = params.removeDim && x.dims.length > 1 ? 0 : 1
  return toFloat(graph, graph.op(opType, [x], { axis: axisOf(layer, x, params.axis), keepdims }))
}

/** The first `count` of the sorted elements along an axis, and where they were; of equal ones the earlier comes first. */
export function sorted(layer: LayerContext<unknown>, x: Value, axis: number, count: Value, largest: boolean): [Value, Value] {
  const { graph } = layer
  const [values, indices] = topK(graph, x, count, axis, largest)
  return [values, toFloat(graph, indices)]
}

export const reductionLayers: LayerTable = {
  reduce: (layer) => {
    const { graph, params } = layer
    const axes = reduceAxes[params.axis]
    if (!axes) throw invalid(layer, `unknown axis ${params.axis}`)
    let x = input(layer)
    if (params.mode === ReduceOperation.ARGMAX) {
      if (axes.length > 1) throw invalid(layer, 'the position of the maximum is sought along one axis')
      return toFloat(graph, graph.op('ArgMax', [x], { axis: axisOf(layer, x, axes[0]!), keepdims: 1 }))
    }
    const opType = reduceOps[params.mode]
    if (!opType) throw invalid(layer, `unknown operation ${params.mode}`)
    if (params.mode === ReduceOperation.LOGSUM) x = graph.op('Log', [graph.op('Add', [x, graph.scalar(params.epsilon || 1e-6)])])
    return graph.op(opType, [x, graph.ints(axes.map((axis) => axisOf(layer, x, axis)))], { keepdims: 1 })
  },
  reduceL1: reduction('ReduceL1'),
  reduceL2: reduction('ReduceL2'),
  reduceMax: reduction('ReduceMax'),
  reduceMin: reduction('ReduceMin'),
  reduceSum: reduction('ReduceSum'),
  reduceProd: reduction('ReduceProd'),
  reduceMean: reduction('ReduceMean'),
  reduceLogSum: reduction('ReduceLogSum'),
  reduceSumSquare: reduction('ReduceSumSquare'),
  reduceLogSumExp: reduction('ReduceLogSumExp'),
  argMax: argument('ArgMax'),
  argMin: argument('ArgMin'),
  topK: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const given = layer.inputs[1]
    const count = given ? graph.reshape(toInt64(graph, given), [1]) : graph.ints([params.K])
    return sorted(layer, x, axisOf(layer, x, params.axis), count, !params.useBottomK)
  },
  argSort: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const axis = axisOf(layer, x, params.axis)
    const size = graph.reshape(asValue(graph, graph.dim(x, axis)), [1])
    return sorted(layer, x, axis, size, params.descending)[1]
  },
  cumSum: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const given = layer.inputs[1]
    const axis = given ? scalarOf(graph, toInt64(graph, given)) : graph.scalar(axisOf(layer, x, params.axis), 'int64')
    return graph.op('CumSum', [x, axis], { exclusive: params.excludeFinalSum ? 1 : 0, reverse: params.reverse ? 1 : 0 })
  },
  oneHot: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const given = layer.inputs[1]
    const depth = given ? scalarOf(graph, toInt64(graph, given)) : graph.scalar(params.oneHotVectorSize, 'int64')
    const indices = toInt64(graph, x)
    // Negative indices are outside, and not counted from the end as ONNX does.
    const outside = graph.op('Less', [indices, graph.scalar(0, 'int64')])
    const values = graph.floats([params.offValue, params.onValue])
    const axis = axisOf(layer, x, params.axis, x.dims.length + 1)
    return graph.op('OneHot', [graph.op('Where', [outside, depth, indices]), depth, values], { axis })
  },
}
