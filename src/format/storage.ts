import { MilDataType } from './enums.ts'

/** Every type in which Core ML stores values, by the name that MIL's text form uses. */
export type StorageType =
  | 'bool'
  | 'fp16'
  | 'fp32'
  | 'fp64'
  | 'bf16'
  | 'fp8e4m3fn'
  | 'fp8e5m2'
  | `${'int' | 'uint'}${1 | 2 | 3 | 4 | 6 | 8 | 16 | 32 | 64}`

/** Bits of one element. Types below 8 bits are packed without gaps, from the lowest bit of each byte up. */
export function bitsOf(type: StorageType): number {
  switch (type) {
    case 'bool':
    case 'fp8e4m3fn':
    case 'fp8e5m2':
      return 8
    case 'fp16':
    case 'bf16':
      return 16
    case 'fp32':
      return 32
    case 'fp64':
      return 64
    default:
      return Number(type.replace(/^u?int/, ''))
  }
}

/** Bytes of `count` packed elements. */
export function byteLength(type: StorageType, count: number): number {
  return Math.ceil((count * bitsOf(type)) / 8)
}

const milTypes: Partial<Record<number, StorageType>> = {
  [MilDataType.BOOL]: 'bool',
  [MilDataType.FLOAT16]: 'fp16',
  [MilDataType.FLOAT32]: 'fp32',
  [MilDataType.FLOAT64]: 'fp64',
  [MilDataType.BFLOAT16]: 'bf16',
  [MilDataType.FLOAT8E4M3FN]: 'fp8e4m3fn',
  [MilDataType.FLOAT8E5M2]: 'fp8e5m2',
  [MilDataType.INT4]: 'int4',
  [MilDataType.INT8]: 'int8',
  [MilDataType.INT16]: 'int16',
  [MilDataType.INT32]: 'int32',
  [MilDataType.INT64]: 'int64',
  [MilDataType.UINT1]: 'uint1',
  [MilDataType.UINT2]: 'uint2',
  [MilDataType.UINT3]: 'uint3',
  [MilDataType.UINT4]: 'uint4',
  [MilDataType.UINT6]: 'uint6',
  [MilDataType.UINT8]: 'uint8',
  [MilDataType.UINT16]: 'uint16',
  [MilDataType.UINT32]: 'uint32',
  [MilDataType.UINT64]: 'uint64',
}

/** The storage type of a {@link MilDataType}; undefined for strings and numbers that there are not. */
export function storageTypeOfMil(dataType: number): StorageType | undefined {
  return milTypes[dataType]
}

/** The {@link MilDataType} of a storage type; undefined for int1, int2, int3 and int6, which MIL has not. */
export function milTypeOf(type: StorageType): number | undefined {
  for (const [number, name] of Object.entries(milTypes)) if (name === type) return Number(number)
  return undefined
}

/** Numbers of types in the entries of a weight file, in order from 1. */
const blobTypes: readonly StorageType[] = [
  'fp16',
  'fp32',
  'uint8',
  'int8',
  'bf16',
  'int16',
  'uint16',
  'int4',
  'uint1',
  'uint2',
  'uint4',
  'uint3',
  'uint6',
  'int32',
  'uint32',
  'fp8e4m3fn',
  'fp8e5m2',
]

/** The storage type of an entry of a weight file, or undefined. */
export function storageTypeOfBlob(number: number): StorageType | undefined {
  return blobTypes[number - 1]
}

/** The number of a type in a weight file; 0 for types that such a file cannot hold. */
export function blobTypeOf(type: StorageType): number {
  return blobTypes.indexOf(type) + 1
}
