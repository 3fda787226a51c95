import type { GraphBuilder } from '../../onnx/builder.ts'
import { ifAny } from '../../onnx/if-any.ts'
import { inferOutputs } from '../../onnx/infer.ts'
import type { Dim, Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { matmulQuantized } from '../quantized-weight.ts'

/** Options of {@link product}. */
export interface MatMulOptions {
  transposeX?: boolean
  transposeY?: boolean
  /** Factor of the result. */
  scale?: number
}

function swapLast(builder: GraphBuilder, value: Value): Value {
  const perm = [...value.dims.keys()]
  const rank = perm.length
  ;[perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2]
  return builder.transpose(value, perm)
}

function swappedDims(value: Value): Value {
  return { ...value, dims: [...value.dims.slice(0, -2), value.dims.at(-1)!, value.dims.at(-2)!] }
}

/** Operands of one type. Since iOS 17 a constant one may have another type than the rest: then all are computed with in float32. */
function ofOneType<T extends Value | undefined>(builder: GraphBuilder, values: readonly T[]): T[] {
  const types = new Set(values.flatMap((value) => (value ? [value.type] : [])))
  return types.size <= 1 ? [...values] : (values.map((value) => value && builder.cast(value, 'float32')) as T[])
}

/** A matrix product; transposing and scaling cost nothing where onnxruntime's own op takes them along. */
export function matmul(builder: GraphBuilder, x: Value, y: Value, { transposeX, transposeY, scale = 1 }: MatMulOptions = {}): Value {
  const left = Boolean(transposeX) && x.dims.length > 1
  const right = Boolean(transposeY) && y.dims.length > 1
  const fused = x.type === 'float32' && x.dims.length >= 2 && y.dims.length >= 2 && (left || right || scale !== 1)
  const multiply = (graph: GraphBuilder): Value => {
    if (!fused) {
      const result = graph.op('MatMul', [left ? swapLast(graph, x) : x, right ? swapLast(graph, y) : y])
      return scale === 1 ? result : graph.op('Mul', [result, graph.scalar(scale)])
    }
    const types = inferOutputs('MatMul', [left ? swappedDims(x) : x, right ? swappedDims(y) : y], {}, 1)
    const attributes = { transA: left ? 1 : 0, transB: right ? 1 : 0, alpha: scale }
    return graph.op('FusedMatMul', [x, y], attributes, { domain: 'com.microsoft', types })
  }
  const terms = x.dims.at(left ? -2 : -1) ?? y.dims.at(right ? -1 : -2)
  // Of several fused products over no terms, onnxruntime (1.30) leaves all but the first as it finds the memory. It fuses transposed operands by itself.
  const leavesGarbage =
    !terms && Math.max(x.dims.length, y.dims.length) > 2 && (fused || isTransposed(builder, x) || isTransposed(builder, y))
  if (!leavesGarbage && !stretchesOpenBatch(x, y)) return multiply(builder)
  // Sums of nothing are zeros.
  const zeros = (graph: GraphBuilder): Value => {
    const sum = (value: Value, axis: number, other: Value) =>
      graph.op('ReduceSum', [value, graph.ints([axis])], { keepdims: other.dims.length > 1 ? 1 : 0 })
    const [a, b] = [left ? swapLast(graph, x) : x, right ? swapLast(graph, y) : y]
    return graph.op('Mul', [sum(a, a.dims.length - 1, b), sum(b, Math.max(0, b.dims.length - 2), a)])
  }
  const dims = [...builder.dims(x), ...builder.dims(y)]
  return ifAny(
    builder,
    dims,
    (graph) => [multiply(graph)],
    (graph) => [zeros(graph)],
  )[0]!
}

/** Whether onnxruntime may take the transposition of `value` into a product: not that of attention heads, which leaves the first and last dimension in place. */
function isTransposed({ nodes }: GraphBuilder, { name, dims }: Value): boolean {
  const perm = nodes.find(({ opType, outputs }) => opType === 'Transpose' && outputs[0] === name)?.attributes.perm as number[] | undefined
  return perm !== undefined && (perm[0] !== 0 || perm.at(-1) !== dims.length - 1)
}

/** Whether an operand may have to be broadcast along an open dimension, which onnxruntime (1.30) refuses where that is of size zero. */
function stretchesOpenBatch(x: Value, y: Value): boolean {
  if (y.dims.length < 3) return false
  const rank = Math.max(x.dims.length, y.dims.length) - 2
  const batch = ({ dims }: Value): Dim[] => [...Array<Dim>(rank).fill(1), ...dims.slice(0, -2)].slice(-rank)
  const [a, b] = [batch(x), batch(y)]
  return a.some((dim, axis) => Boolean(dim) !== Boolean(b[axis]))
}

/** The bias; coremltools writes zeros where a layer has none, which would be added at every prediction. */
function biasOf(op: OpContext): Value | undefined {
  return op.known('bias')?.every((term) => term === 0) ? undefined : op.optional('bias')
}

/**
 * x · weightᵀ + bias over the last axis. Gemm takes the weight as the file has it and packs it once at load, which onnxruntime's
 * FusedMatMul does not; leading axes are folded into one around it, at no cost.
 */
function linearLayer(op: OpContext): Value {
  const { builder } = op
  const given = biasOf(op)
  const compressed = op.constant('weight')?.quantized
  if (compressed) {
    const [x, bias] = ofOneType(builder, [op.input('x'), given])
    const product = x?.type === 'float32' ? matmulQuantized(builder, x, compressed) : undefined
    if (product) return bias ? builder.op('Add', [product, bias]) : product
  }
  const [x, weight, bias] = ofOneType(builder, [op.input('x'), op.input('weight'), given]) as [Value, Value, Value | undefined]
  if (x.type !== 'float32') {
    const result = builder.op('MatMul', [x, builder.transpose(weight, [1, 0])])
    return bias ? builder.op('Add', [result, bias]) : result
  }
  if (x.dims.length === 2) return builder.op('Gemm', [x, weight, bias], { transB: 1 })
  const [outputs, inputs] = [builder.dim(weight, 0), builder.dim(weight, 1)]
  const rows = builder.op('Gemm', [builder.reshape(x, [-1, inputs]), weight, bias], { transB: 1 })
  return builder.reshape(rows, [...builder.dims(x).slice(0, -1), outputs])
}

/** The equations that coremltools writes: [n, c, h, w] · [n, w, h, u], with or without n. */
const einsumAsMatMul = /^(.?)(.)(.)(.),\1\4\3(.)->\1\2\3\5$/

function einsum(op: OpContext): Value {
  const { builder } = op
  const values = op.inputs('values')
  const equation = op.string('equation').replaceAll(' ', '')
  const match = einsumAsMatMul.exec(equation)
  if (!match || values.length !== 2 || new Set(match.slice(1).join('')).size !== match.slice(1).join('').length) {
    return builder.op('Einsum', values, { equation })
  }
  const perm = match[1] ? [0, 2, 1, 3] : [1, 0, 2]
  const [x, y] = values.map((value) => builder.transpose(value, perm))
  return builder.transpose(builder.op('MatMul', [x, y]), perm)
}

/** Matrix products. */
export const linear: LoweringTable = {
  linear: linearLayer,
  matmul: (op) => {
    const [x, y] = ofOneType(op.builder, [op.input('x'), op.input('y')]) as [Value, Value]
    return matmul(op.builder, x, y, { transposeX: op.bool('transpose_x', false), transposeY: op.bool('transpose_y', false) })
  },
  einsum,
}
