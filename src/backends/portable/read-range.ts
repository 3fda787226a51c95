import { FileSource } from '../../format/source.ts'
import type { FileRange } from './onnx/value.ts'

/** Reads a range of a file into memory of its own, aligned for every element type. */
export function readFileRange({ path, offset, length }: FileRange): Uint8Array {
  const source = new FileSource(path)
  try {
    const bytes = new Uint8Array(length)
    source.read(bytes, offset)
    return bytes
  } finally {
    source.close()
  }
}
