import { CoreMLError } from '../errors.ts'
import type { Source } from './source.ts'
import { bitsOf, type StorageType, storageTypeOfBlob } from './storage.ts'

/**
 * The file that holds the tensors of an ML Program (weights/weight.bin). A header of 64 bytes: number of entries and
 * version, 32 bits each. Each entry has 64 bytes of metadata, at the offset that the program names, and its data, aligned to 64.
 */
export const weightFile = { headerSize: 64, version: 2, metadataSize: 64, alignment: 64, sentinel: 0xdeadbeef } as const

/** An entry of a weight file. */
export interface WeightEntry {
  type: StorageType
  /** Where the data start in the file. */
  offset: number
  /** Bytes. */
  length: number
  /** Number of elements. */
  count: number
}

function invalid(source: Source, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${source.path ?? 'the weights'}: ${problem}`)
}

/** Checks the header; returns the number of entries that it states. */
export function readWeightHeader(source: Source): number {
  if (source.size < weightFile.headerSize) invalid(source, `${source.size} bytes, expected a header of ${weightFile.headerSize}`)
  const header = Buffer.alloc(8)
  source.read(header, 0)
  const version = header.readUInt32LE(4)
  if (version !== weightFile.version) invalid(source, `weight file of version ${version}, expected ${weightFile.version}`)
  return header.readUInt32LE(0)
}

/** Reads the metadata at `offset`, checked against the real size of the file. Throws ERR_MODEL_INVALID. */
export function readWeightEntry(source: Source, offset: bigint | number): WeightEntry {
  const position = Number(offset)
  if (!(position >= 0) || position + weightFile.metadataSize > source.size) {
    invalid(source, `no entry at byte ${offset}: the file has ${source.size} bytes`)
  }
  const metadata = Buffer.alloc(weightFile.metadataSize)
  source.read(metadata, position)
  if (metadata.readUInt32LE(0) !== weightFile.sentinel) invalid(source, `no entry at byte ${offset}: the mark 0xdeadbeef is missing`)
  const number = metadata.readUInt32LE(4)
  const type = storageTypeOfBlob(number)
  if (type === undefined) invalid(source, `entry at byte ${offset}: unknown type ${number}`)
  const length = Number(metadata.readBigUInt64LE(8))
  const start = Number(metadata.readBigUInt64LE(16))
  if (start + length > source.size) {
    invalid(source, `entry at byte ${offset}: data of ${length} bytes at ${start} in a file of ${source.size} bytes`)
  }
  const bits = bitsOf(type)
  // Writers from before the types of less than a byte left this and what follows as they found the memory.
  const padding = bits < 8 ? Number(metadata.readBigUInt64LE(24)) : 0
  const used = length * 8 - padding
  if (padding > 7 || used < 0 || used % bits !== 0)
    invalid(source, `entry at byte ${offset}: ${length} bytes less ${padding} bits are no whole ${type}`)
  return { type, offset: start, length, count: used / bits }
}
