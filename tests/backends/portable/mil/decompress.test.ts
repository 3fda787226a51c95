import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dequantizeBlocks, lookUp, toDense, toSparse } from '../../../../src/backends/portable/mil/decompress.ts'
import { float16Bits, float16Value } from '../../../../src/model/float16.ts'

const half = (value: number) => float16Value(float16Bits(value))

/** A shape, and blocks that divide it. */
const blocked = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 4 })
  .map((axes) => ({ dims: axes.map(([blocks, size]) => blocks * size), blocks: axes.map(([blocks]) => blocks) }))

/** Index into a tensor of shape `blocks` for the element at `index` of one of shape `dims`. */
function blockOf(index: number, dims: readonly number[], blocks: readonly number[]): number {
  let block = 0
  let stride = 1
  let rest = index
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const position = rest % dims[axis]!
    rest = Math.floor(rest / dims[axis]!)
    block += Math.floor((position * blocks[axis]!) / dims[axis]!) * stride
    stride *= blocks[axis]!
  }
  return block
}

const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1)

describe('decompression', () => {
  test('every element has the scale and offset of its block, rounded to half precision on demand', () => {
    fc.assert(
      fc.property(blocked, fc.boolean(), fc.boolean(), fc.integer(), ({ dims, blocks }, signed, rounded, seed) => {
        const random = (index: number) => Math.abs(Math.sin(seed + index * 12.9898) * 43758.5453) % 1
        const stored = (count: number, value: (index: number) => number) => {
          const numbers = Array.from({ length: count }, (_, index) => value(index))
          return signed ? Int8Array.from(numbers) : Uint8Array.from(numbers)
        }
        const data = stored(product(dims), (i) => random(i) * 256 - (signed ? 128 : 0))
        const scale = Float32Array.from({ length: product(blocks) }, (_, i) => random(i + 1e4) + 0.01)
        const offset = stored(product(blocks), (i) => random(i + 2e4) * 20)
        const result = dequantizeBlocks(data, dims, scale, offset, blocks, rounded)
        data.forEach((element, index) => {
          const block = blockOf(index, dims, blocks)
          const exact = (element - offset[block]!) * scale[block]!
          expect(result[index]).toBe(rounded ? half(exact) : Math.fround(exact))
        })
      }),
    )
  })

  test('look-up tables of each block, vectors along any axis', () => {
    fc.assert(
      fc.property(blocked, fc.integer({ min: 1, max: 3 }), fc.nat(), fc.nat(), ({ dims, blocks }, vector, pick, seed) => {
        const axis = vector === 1 ? -1 : pick % dims.length
        const indices = Uint8Array.from({ length: product(dims) }, (_, i) => (i * 7 + seed) % 4)
        const table = Float32Array.from({ length: product(blocks) * 4 * vector }, (_, i) => i)
        const { data, dims: resultDims } = lookUp(indices, dims, table, [...blocks, 4, vector], axis)
        expect(resultDims).toEqual(dims.map((size, index) => (index === axis ? size * vector : size)))
        data.forEach((value, position) => {
          // From the place in the result back to that of the index, and which part of the vector it is.
          let source = 0
          let part = 0
          let stride = 1
          let rest = position
          for (let a = dims.length - 1; a >= 0; a--) {
            let at = rest % resultDims[a]!
            rest = Math.floor(rest / resultDims[a]!)
            if (a === axis) {
              part = at % vector
              at = Math.floor(at / vector)
            }
            source += at * stride
            stride *= dims[a]!
          }
          expect(value).toBe((blockOf(source, dims, blocks) * 4 + indices[source]!) * vector + part)
        })
      }),
    )
  })

  test('sparse and dense are each other’s inverse', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 99 }))), (cells) => {
        const mask = cells.map(([kept]) => Number(kept))
        const dense = Float32Array.from(cells, ([kept, value]) => (kept ? value : 0))
        const sparse = toSparse(dense, mask)
        expect(sparse.length).toBe(mask.filter(Boolean).length)
        expect(toDense(sparse, mask)).toEqual(dense)
      }),
    )
  })
})
