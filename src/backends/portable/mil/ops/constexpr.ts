import { unpackBits } from '../../../../format/weights.ts'
import { toFloat16 } from '../../../../model/float16.ts'
import { elementCount } from '../../../../model/tensor.ts'
import { MilConstant } from '../constant.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { dequantizeBlocks, lookUp, toDense, toSparse } from '../decompress.ts'
import type { QuantizedWeight } from '../quantized-weight.ts'
import type { MilDtype } from '../types.ts'
import { normalAxis } from './common.ts'

type Elements = Float32Array | Int32Array

/** A decompressed constant, as output `index` of the op. */
function decompressed(op: OpContext, index: number, dims: readonly number[], data: Elements): MilConstant {
  const { dtype } = op.output(index)
  const name = op.outputNames[index] ?? op.name
  // The program declares half precision, and where that counts the weights have it too.
  if (dtype === 'fp16' && op.program.precision === 'asDeclared') return new MilConstant(name, dtype, dims, { data: toFloat16(data) })
  return new MilConstant(name, dtype, dims, { data, computed: true })
}

function elements(constant: MilConstant): Elements {
  return constant.elements as Elements
}

/** Elements without widening narrow integers: what loops read fastest. */
function narrow(constant: MilConstant): ArrayLike<number> {
  return constant.dtype.startsWith('fp') || constant.dtype === 'bf16'
    ? elements(constant)
    : (constant.stored as unknown as ArrayLike<number>)
}

function affineDequantize(op: OpContext): MilConstant {
  const data = op.requiredConstant('quantized_data')
  const scale = elements(op.requiredConstant('scale'))
  const zeroPoint = elements(op.requiredConstant('zero_point'))
  const axis = normalAxis(op.number('axis', 0), data.dims.length)
  const blocks = data.dims.map((dim, index) => (index === axis && Math.max(scale.length, zeroPoint.length) > 1 ? dim : 1))
  const full = (vector: Elements) =>
    vector.length === elementCount(blocks) ? vector : new Float32Array(elementCount(blocks)).fill(vector[0]!)
  return decompressed(op, 0, data.dims, dequantizeBlocks(narrow(data), data.dims, full(scale), full(zeroPoint), blocks, isHalf(op)))
}

/** What the scale and offset of a blockwise op make of its data. */
function blockwise(op: OpContext, dtype: MilDtype, data: ArrayLike<number>, dims: readonly number[]): QuantizedWeight {
  const scale = op.requiredConstant('scale')
  const offset = op.constant('offset')
  if (scale.dims.length !== dims.length || scale.dims.some((count, axis) => dims[axis]! % count !== 0)) {
    op.fail(`scales of shape [${scale.dims.join(', ')}] do not divide data of shape [${dims.join(', ')}]`)
  }
  const shift = offset && { offset: elements(offset), offsetDtype: offset.dtype }
  return { dtype, data, dims, scale: elements(scale) as Float32Array, ...shift, blocks: scale.dims }
}

function decompress({ data, dims, scale, offset, blocks }: QuantizedWeight, half: boolean): Float32Array {
  return dequantizeBlocks(data, dims, scale, offset, blocks, half)
}

/** True where the op gives half precision: its last output is the one of values. */
function isHalf(op: OpContext): boolean {
  return op.output(op.outputTypes.length - 1).dtype === 'fp16'
}

/** A weight that is decompressed when its elements are asked for: some ops compute on the compressed form. */
function quantizedConstant(op: OpContext, weight: QuantizedWeight): MilConstant {
  if (op.program.precision === 'asDeclared') return decompressed(op, 0, weight.dims, decompress(weight, isHalf(op)))
  let data: Float32Array | undefined
  const source = {
    computed: true,
    quantized: weight,
    get data() {
      data ??= decompress(weight, isHalf(op))
      return data
    },
  }
  return new MilConstant(op.name, op.output().dtype, weight.dims, source)
}

function lookedUp(op: OpContext, indices: ArrayLike<number>, dims: readonly number[]): { data: Elements; dims: number[] } {
  const table = op.requiredConstant('lut')
  if (table.dims.length !== dims.length + 2) {
    op.fail(`a look-up table of shape [${table.dims.join(', ')}] for indices of shape [${dims.join(', ')}]`)
  }
  const axis = op.has('vector_axis') ? normalAxis(op.number('vector_axis'), dims.length) : -1
  return lookUp(indices, dims, elements(table), table.dims, axis)
}

/** Look-up tables of iOS 16: one table, indices packed into bytes. */
function packedLookUp(op: OpContext): MilConstant {
  const dims = op.ints('shape')
  const table = op.requiredConstant('lut')
  const bits = Math.log2(table.count)
  const bytes = op.requiredConstant('indices').stored as Uint8Array
  const indices = unpackBits(bytes, bits, elementCount(dims))
  const { data } = lookUp(indices, [indices.length], elements(table), [1, table.count, 1], -1)
  return decompressed(op, 0, dims, data)
}

function packedSparse(op: OpContext): MilConstant {
  const dims = op.ints('shape')
  const mask = unpackBits(op.requiredConstant('mask').stored as Uint8Array, 1, elementCount(dims))
  return decompressed(op, 0, dims, toDense(elements(op.requiredConstant('nonzero_data')), mask))
}

/** Compressed weights. They are decompressed once, while the model loads. */
export const constexpr: LoweringTable = {
  constexpr_affine_dequantize: affineDequantize,
  constexpr_blockwise_shift_scale: (op) => {
    const data = op.requiredConstant('data')
    return quantizedConstant(op, blockwise(op, data.dtype, narrow(data), data.dims))
  },
  // Half precision widens where it is used.
  constexpr_cast: (op) => op.requiredConstant('source_val'),
  constexpr_lut_to_dense: (op) => {
    if (op.has('shape')) return packedLookUp(op)
    const indices = op.requiredConstant('indices')
    const { data, dims } = lookedUp(op, narrow(indices), indices.dims)
    return decompressed(op, 0, dims, data)
  },
  constexpr_lut_to_sparse: (op) => {
    const mask = op.requiredConstant('indices_mask')
    const indices = toDense(elements(op.requiredConstant('indices_nonzero_data')), narrow(mask))
    const { data, dims } = lookedUp(op, indices, mask.dims)
    // A vector takes the place of each index that the mask names.
    const axis = op.has('vector_axis') ? normalAxis(op.number('vector_axis'), mask.dims.length) : -1
    const vector = op.requiredConstant('lut').dims.at(-1)!
    const ones = { data: elements(mask), dims: mask.dims }
    const spread = vector === 1 ? ones : lookUp(ones.data, mask.dims, maskTable(vector), [...mask.dims.map(() => 1), 2, vector], axis)
    const sparse = toSparse(data, spread.data)
    return [decompressed(op, 0, dims, spread.data), decompressed(op, 1, [sparse.length], sparse)]
  },
  constexpr_sparse_blockwise_shift_scale: (op) => {
    const mask = op.requiredConstant('data_mask')
    const dense = toDense(elements(op.requiredConstant('nonzero_data')), narrow(mask))
    const data = toSparse(decompress(blockwise(op, op.requiredConstant('nonzero_data').dtype, dense, mask.dims), isHalf(op)), narrow(mask))
    return [mask, decompressed(op, 1, [data.length], data)]
  },
  constexpr_sparse_to_dense: (op) => {
    if (op.has('shape')) return packedSparse(op)
    const mask = op.requiredConstant('mask')
    return decompressed(op, 0, mask.dims, toDense(elements(op.requiredConstant('nonzero_data')), narrow(mask)))
  },
}

/** A table that turns 0 into a vector of zeros and 1 into one of ones. */
function maskTable(vector: number): Int32Array {
  return new Int32Array(2 * vector).fill(1, vector)
}
