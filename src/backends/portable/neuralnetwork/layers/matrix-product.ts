import { product } from '../../onnx/shape-element.ts'
import type { Value } from '../../onnx/value.ts'
import { input, type LayerContext, type LayerTable, weight } from '../layer.ts'
import { openShape, toInt64 } from '../shapes.ts'

/** Rows of a table by index: input [..., 1] of indices; table stored [size of a row, rows]. */
function lookUp(layer: LayerContext<unknown>, table: Value, bias: Value | undefined, indices: Value): Value {
  const { graph } = layer
  const rows = graph.op('Gather', [graph.transpose(table, [1, 0]), toInt64(graph, indices)], { axis: 0 })
  return bias ? graph.op('Add', [rows, bias]) : rows
}

/** The last two dimensions exchanged. */
function transposed(layer: LayerContext<unknown>, value: Value): Value {
  const rank = value.dims.length
  const perm = [...value.dims.keys()]
  perm.splice(rank - 2, 2, rank - 1, rank - 2)
  return layer.graph.transpose(value, perm)
}

export const matrixProductLayers: LayerTable = {
  innerProduct: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const rank = x.dims.length
    const dims = graph.dims(x)
    // Up to rank 3 the last dimension holds the channels, from rank 4 on the last three.
    const features = rank > 3 ? 3 : 1
    const leading = dims.slice(0, rank - features)
    const rows = leading.length === 1 ? leading[0]! : leading.length === 0 ? 1 : product(graph, leading)
    const matrix = graph.reshape(x, typeof rows === 'number' ? [rows, params.inputChannels] : [-1, params.inputChannels])
    const weights = weight(layer, params.weights, [params.outputChannels, params.inputChannels])
    const bias = params.hasBias ? weight(layer, params.bias, [params.outputChannels]) : undefined
    const y = graph.op('Gemm', [matrix, weights, bias], { transB: 1 })
    return graph.reshape(y, openShape([...leading, params.outputChannels, ...(features === 3 ? [1, 1] : [])]))
  },
  batchedMatmul: (layer) => {
    const { graph, params } = layer
    let a = input(layer)
    if (layer.inputs.length > 1) {
      let b = input(layer, 1)
      if (a.dims.length === 1) a = graph.unsqueeze(a, [0])
      if (b.dims.length === 1) b = graph.unsqueeze(b, [1])
      return graph.op('MatMul', [params.transposeA ? transposed(layer, a) : a, params.transposeB ? transposed(layer, b) : b])
    }
    const { weightMatrixFirstDimension: rows, weightMatrixSecondDimension: columns } = params
    // Stored column after column.
    const weights = transposed(layer, weight(layer, params.weights, [columns, rows]))
    const y = graph.op('MatMul', [a, weights])
    return params.hasBias ? graph.op('Add', [y, weight(layer, params.bias, [columns])]) : y
  },
  embedding: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const { outputChannels, inputDim } = params
    const table = weight(layer, params.weights, [outputChannels, inputDim])
    const bias = params.hasBias ? weight(layer, params.bias, [outputChannels]) : undefined
    const rows = lookUp(layer, table, bias, graph.reshape(x, [-1]))
    const leading = graph.dims(x).slice(0, -3)
    return graph.reshape(rows, openShape([...leading, outputChannels, 1, 1]))
  },
  embeddingND: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const table = weight(layer, params.weights, [params.embeddingSize, params.vocabSize])
    const bias = params.hasBias ? weight(layer, params.bias, [params.embeddingSize]) : undefined
    return lookUp(layer, table, bias, graph.squeeze(x, [x.dims.length - 1]))
  },
}
