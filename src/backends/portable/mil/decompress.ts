import { float16Bits, float16Value } from '../../../model/float16.ts'

/** Decompression of weights: plain loops over typed arrays, done once while a model loads. */

type Numbers = ArrayLike<number>

/** Where each element of a tensor of shape `dims` finds its block in a tensor of `blocks` (each of which divides the dimension). */
function* rows(dims: readonly number[], blocks: readonly number[]): Generator<{ start: number; block: number }> {
  const rank = dims.length
  const length = dims[rank - 1] ?? 1
  const count = dims.slice(0, -1).reduce((a, b) => a * b, 1)
  const strides = Array<number>(rank).fill(1)
  for (let axis = rank - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * blocks[axis + 1]!
  const sizes = dims.map((dim, axis) => dim / blocks[axis]!)
  const position = Array<number>(rank).fill(0)
  for (let row = 0; row < count; row++) {
    let block = 0
    for (let axis = 0; axis < rank - 1; axis++) block += Math.floor(position[axis]! / sizes[axis]!) * strides[axis]!
    yield { start: row * length, block }
    for (let axis = rank - 2; axis >= 0; axis--) {
      if (++position[axis]! < dims[axis]!) break
      position[axis] = 0
    }
  }
}

/** A number as half precision has it. */
function toHalf(value: number): number {
  return float16Value(float16Bits(value))
}

/**
 * (data - offset) · scale, with one scale and offset for each block of `data`. With `half` every element is rounded to half precision, so that
 * a compressed weight is the same as the one that was stored without compression.
 */
export function dequantizeBlocks(
  data: Numbers,
  dims: readonly number[],
  scale: Numbers,
  offset: Numbers | undefined,
  blocks: readonly number[],
  half: boolean,
): Float32Array {
  const result = new Float32Array(data.length)
  const length = dims.at(-1) ?? 1
  const size = length / (blocks.at(-1) ?? 1)
  // Integers of 8 bits and less have few values in a block: rounding each once is much faster than rounding every element.
  const few = half && (data instanceof Int8Array || data instanceof Uint8Array)
  const rounded = new Float32Array(384)
  const roundedFor = new Int32Array(384).fill(-1)
  for (const { start, block } of rows(dims, blocks)) {
    for (let from = 0, at = block; from < length; from += size, at++) {
      const factor = scale[at]!
      const zero = offset ? offset[at]! : 0
      const end = start + from + size
      if (few) {
        for (let i = start + from; i < end; i++) {
          const key = data[i]! + 128
          if (roundedFor[key] !== at) {
            roundedFor[key] = at
            rounded[key] = toHalf((data[i]! - zero) * factor)
          }
          result[i] = rounded[key]!
        }
      } else if (half) {
        for (let i = start + from; i < end; i++) result[i] = toHalf((data[i]! - zero) * factor)
      } else {
        for (let i = start + from; i < end; i++) result[i] = (data[i]! - zero) * factor
      }
    }
  }
  return result
}

/** A look-up table for each block of the indices; each entry is one number, or a vector that goes along `vectorAxis` of the result. */
export function lookUp<T extends Float32Array | Int32Array>(
  indices: Numbers,
  dims: readonly number[],
  table: T,
  tableDims: readonly number[],
  vectorAxis: number,
): { data: T; dims: number[] } {
  const rank = dims.length
  const entries = tableDims[rank]!
  const vector = tableDims[rank + 1]!
  const blocks = tableDims.slice(0, rank)
  const resultDims = dims.map((dim, axis) => (axis === vectorAxis ? dim * vector : dim))
  const data = new (table.constructor as new (length: number) => T)(indices.length * vector)
  // Elements behind the vector axis lie between those of one vector.
  const inner = vectorAxis < 0 ? 1 : dims.slice(vectorAxis + 1).reduce((a, b) => a * b, 1)
  const length = dims[rank - 1] ?? 1
  const size = length / (blocks[rank - 1] ?? 1)
  for (const { start, block } of rows(dims, blocks)) {
    for (let from = 0, at = block; from < length; from += size, at++) {
      const base = at * entries * vector
      for (let i = start + from; i < start + from + size; i++) {
        const entry = base + indices[i]! * vector
        if (vector === 1) {
          data[i] = table[entry]!
        } else {
          const outer = Math.floor(i / inner)
          const target = outer * vector * inner + (i - outer * inner)
          for (let v = 0; v < vector; v++) data[target + v * inner] = table[entry + v]!
        }
      }
    }
  }
  return { data, dims: resultDims }
}

/** The elements that a mask names, each at its place, and zeros elsewhere. */
export function toDense<T extends Float32Array | Int32Array>(nonzero: T, mask: Numbers): T {
  const data = new (nonzero.constructor as new (length: number) => T)(mask.length)
  for (let i = 0, next = 0; i < mask.length; i++) if (mask[i]) data[i] = nonzero[next++]!
  return data
}

/** The elements at the places that a mask names. */
export function toSparse<T extends Float32Array | Int32Array>(dense: T, mask: Numbers): T {
  let count = 0
  for (let i = 0; i < mask.length; i++) if (mask[i]) count++
  const data = new (dense.constructor as new (length: number) => T)(count)
  for (let i = 0, next = 0; i < mask.length; i++) if (mask[i]) data[next++] = dense[i]!
  return data
}
