import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kdTreeSearch, linearSearch, type Samples } from '../../../../src/backends/portable/classic/neighbors/search.ts'

const coordinate: fc.Arbitrary<number> = fc.constantFrom(0, 0.5, 1, 1.5, 2, 7, -3)

describe('nearest neighbours', () => {
  it('of both indices are the first of all samples sorted by distance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }).chain((dimensions) =>
          fc.record({
            samples: fc.array(fc.array(coordinate, { minLength: dimensions, maxLength: dimensions }), { minLength: 1, maxLength: 40 }),
            point: fc.array(coordinate, { minLength: dimensions, maxLength: dimensions }),
          }),
        ),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        ({ samples, point }, k, leafSize) => {
          const table: Samples = { values: Float32Array.from(samples.flat()), dimensions: point.length, count: samples.length }
          const sorted = samples
            .map((sample, index) => ({ index, distance: sample.reduce((sum, x, d) => sum + (x - point[d]!) ** 2, 0) }))
            .toSorted((a, b) => a.distance - b.distance || a.index - b.index)
            .slice(0, k)
          for (const search of [linearSearch(table), kdTreeSearch(table, leafSize)]) {
            const { indices, distances } = search(point, k)
            expect({ indices: [...indices], distances: [...distances] }).toEqual({
              indices: sorted.map(({ index }) => index),
              distances: sorted.map(({ distance }) => distance),
            })
          }
        },
      ),
    )
  })
})
