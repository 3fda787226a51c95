import { CoreMLError } from '../errors.ts'
import { type TensorData, type TensorType, typedArray } from '../model/tensor.ts'
import { bitsOf, byteLength, type StorageType } from './storage.ts'

/** Elements in memory, one array element each. */
export interface Elements {
  type: TensorType
  data: TensorData
}

const sameInMemory: Partial<Record<StorageType, TensorType>> = {
  bool: 'bool',
  fp16: 'float16',
  fp32: 'float32',
  fp64: 'float64',
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
}

/**
 * The type of a storage type's elements in memory: its own where JavaScript has it; bfloat16 and float8 widen to float32
 * (exactly), integers below 8 bits to int8 or uint8.
 */
export function elementTypeOf(type: StorageType): TensorType {
  const same = sameInMemory[type]
  if (same !== undefined) return same
  if (type === 'bf16' || type.startsWith('fp8')) return 'float32'
  return type.startsWith('uint') ? 'uint8' : 'int8'
}

/**
 * `count` elements of `type` from their stored form (little-endian; below 8 bits packed from the lowest bit up).
 * What is 8 bits and more and needs no widening is a view of `bytes`, if that is aligned.
 * Throws ERR_MODEL_INVALID if there are too few bytes.
 */
export function decodeElements(type: StorageType, bytes: Uint8Array, count: number): Elements {
  const expected = byteLength(type, count)
  if (bytes.length < expected) {
    throw new CoreMLError('ERR_MODEL_INVALID', `${bytes.length} bytes of weights, expected ${expected} for ${count} values of ${type}`)
  }
  const elementType = elementTypeOf(type)
  const same = sameInMemory[type]
  if (same !== undefined) return { type: same, data: typedArray(same, bytes.buffer, bytes.byteOffset, count) }
  if (type === 'bf16') return { type: 'float32', data: widenBFloat16(bytes, count) }
  if (type === 'fp8e4m3fn') return { type: 'float32', data: widenByTable(bytes, count, float8e4m3fn) }
  if (type === 'fp8e5m2') return { type: 'float32', data: widenByTable(bytes, count, float8e5m2) }
  const signed = elementType === 'int8'
  return { type: elementType, data: unpackBits(bytes, bitsOf(type), count, { signed }) }
}

/** How narrow integers lie in bytes. */
export interface Packing {
  /** Two's complement; default false. */
  signed?: boolean
  /** Which end of each byte comes first: 'low' (ML Programs; the default) or 'high' (neural network layers). */
  first?: 'low' | 'high'
}

/** Unpacks integers of 1 to 8 bits that lie without gaps. */
export function unpackBits(
  bytes: Uint8Array,
  bits: number,
  count: number,
  { signed = false, first = 'low' }: Packing = {},
): Int8Array | Uint8Array {
  const values = new Uint8Array(count)
  const mask = (1 << bits) - 1
  const low = first === 'low'
  for (let index = 0, bit = 0; index < count; index++, bit += bits) {
    const byte = Math.floor(bit / 8)
    const inByte = bit % 8
    const next = bytes[byte + 1] ?? 0
    const current = bytes[byte] ?? 0
    const word = low ? current | (next << 8) : (current << 8) | next
    values[index] = (word >>> (low ? inByte : 16 - inByte - bits)) & mask
  }
  if (!signed) return values
  const extended = new Int8Array(values.buffer)
  const shift = 32 - bits
  for (let index = 0; index < count; index++) extended[index] = ((values[index] as number) << shift) >> shift
  return extended
}

/** Packs integers of 1 to 8 bits (the lower bits of each value) without gaps. */
export function packBits(values: ArrayLike<number>, bits: number, first: 'low' | 'high' = 'low'): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((values.length * bits) / 8))
  for (let index = 0, at = 0; index < values.length; index++) {
    const value = values[index] as number
    for (let bit = 0; bit < bits; bit++, at++) {
      const isSet = (value >> (first === 'low' ? bit : bits - 1 - bit)) & 1
      bytes[at >>> 3] = (bytes[at >>> 3] as number) | (isSet << (first === 'low' ? at & 7 : 7 - (at & 7)))
    }
  }
  return bytes
}

/** bfloat16 is the upper half of a float32. */
function widenBFloat16(bytes: Uint8Array, count: number): Float32Array {
  const words = new Uint32Array(count)
  for (let index = 0; index < count; index++) words[index] = ((bytes[2 * index] as number) << 16) | ((bytes[2 * index + 1] as number) << 24)
  return new Float32Array(words.buffer)
}

/** Value of a float8 with `mantissaBits` bits of mantissa, without its infinities and NaN. */
function float8(byte: number, mantissaBits: number, bias: number): number {
  const sign = byte & 0x80 ? -1 : 1
  const exponent = (byte & 0x7f) >> mantissaBits
  const fraction = (byte & ((1 << mantissaBits) - 1)) / (1 << mantissaBits)
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias))
}

/** E4M3FN has no infinity; all bits set is NaN. */
const float8e4m3fn = Float32Array.from({ length: 256 }, (_, byte) => ((byte & 0x7f) === 0x7f ? Number.NaN : float8(byte, 3, 7)))

/** E5M2 has infinities and NaN as IEEE types do. */
const float8e5m2 = Float32Array.from({ length: 256 }, (_, byte) => {
  if ((byte & 0x7c) !== 0x7c) return float8(byte, 2, 15)
  return byte & 3 ? Number.NaN : byte & 0x80 ? -Infinity : Infinity
})

function widenByTable(bytes: Uint8Array, count: number, table: Float32Array): Float32Array {
  const values = new Float32Array(count)
  for (let index = 0; index < count; index++) values[index] = table[bytes[index] as number] as number
  return values
}
