import { elementCount } from '../../../model/tensor.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import { type Dim, isStatic, type Value } from '../onnx/value.ts'
import type { MilDtype } from './types.ts'

/** A weight as the program compresses it: (data - offset) · scale, with a scale and offset for each block. */
export interface QuantizedWeight {
  dtype: MilDtype
  /** One array element each. */
  data: ArrayLike<number>
  dims: readonly number[]
  scale: Float32Array
  offset?: ArrayLike<number>
  /** The offset's own type: that of the data, or a float. */
  offsetDtype?: MilDtype | undefined
  /** Blocks along each dimension. */
  blocks: readonly number[]
}

/** Block sizes that onnxruntime's MatMulNBits takes. */
const blockSizes = [16, 32, 64, 128, 256]

/**
 * Products of more rows than this are faster with the weight in float32. Measured with a weight of 2048 × 2048 on one core: of one row
 * the product with 4 bits takes half the time, of 8 the same, of 64 half as much again.
 */
const fewRows = 8

/**
 * True for weights [N, K] that {@link matmulQuantized} computes on.
 * @param leading - dimensions of the other factor but its last one
 */
export function computesOnQuantized(
  weight: Pick<QuantizedWeight, 'dtype' | 'dims' | 'blocks' | 'offsetDtype'>,
  leading: readonly Dim[],
): boolean {
  const { dtype, dims, blocks, offsetDtype = dtype } = weight
  if (offsetDtype !== dtype || (dtype !== 'int4' && dtype !== 'uint4') || dims.length !== 2 || leading.length === 0) return false
  if (blocks[0] !== dims[0] || !blockSizes.includes(dims[1]! / blocks[1]!)) return false
  return !isStatic(leading) || elementCount(leading) <= fewRows
}

/**
 * x · weightᵀ on 4-bit weights [N, K] as they are, for those that onnxruntime can compute on: blocks along K. Products of few rows are bound by
 * reading the weight, which is an eighth of its float32 form. undefined where the weight is of another kind, or there are many rows.
 */
export function matmulQuantized(builder: GraphBuilder, x: Value, weight: QuantizedWeight): Value | undefined {
  const { dtype, data, dims, scale, offset, blocks } = weight
  const [rows, columns] = dims as [number, number]
  const size = columns / blocks[1]!
  const leading = x.dims.slice(0, -1)
  if (!computesOnQuantized(weight, leading)) return undefined
  const perRow = blocks[1]!
  // Unsigned with a zero point: what is signed moves up by 8, which is also the zero point of those that have none.
  const shift = dtype === 'int4' ? 8 : 0
  const packed = new Uint8Array((rows * columns) / 2)
  for (let i = 0; i < packed.length; i++) packed[i] = (data[2 * i]! + shift) | ((data[2 * i + 1]! + shift) << 4)
  const rowBytes = Math.ceil(perRow / 2)
  let zeroPoints: Uint8Array | undefined
  if (offset || shift === 0) {
    zeroPoints = new Uint8Array(rows * rowBytes)
    for (let row = 0; row < rows; row++) {
      for (let block = 0; block < perRow; block++) {
        const zero = (offset ? offset[row * perRow + block]! : 0) + shift
        zeroPoints[row * rowBytes + (block >> 1)]! |= zero << (4 * (block & 1))
      }
    }
  }
  return builder.op(
    'MatMulNBits',
    [
      x,
      builder.constant('uint8', [rows, perRow, size / 2], packed, 'packed'),
      builder.constant('float32', [rows * perRow], scale, 'scales'),
      zeroPoints && builder.constant('uint8', [rows * rowBytes], zeroPoints, 'zero_points'),
    ],
    { K: columns, N: rows, bits: 4, block_size: size },
    { domain: 'com.microsoft', types: [{ type: 'float32', dims: [...leading, rows] }] },
  )
}
