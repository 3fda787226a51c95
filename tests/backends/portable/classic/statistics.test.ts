import { describe, expect, it } from 'vitest'
import { logistic, normalDistribution, softmax } from '../../../../src/backends/portable/classic/statistics.ts'
import { coupleProbabilities } from '../../../../src/backends/portable/classic/svm/coupling.ts'

describe('distribution functions', () => {
  // scipy.stats.norm.cdf
  const table: [number, number][] = [
    [-37, 5.7255712225239266e-300],
    [-10, 7.61985302416047e-24],
    [-5, 2.866515718791933e-7],
    [-3, 0.0013498980316300933],
    [-2.999, 0.0013543365337271057],
    [-1, 0.15865525393145707],
    [0, 0.5],
    [0.3, 0.6179114221889526],
    [1.96, 0.9750021048517795],
    [4, 0.9999683287581669],
    [9, 1.0],
  ]
  for (const [x, expected] of table)
    it(`Φ(${x})`, () => {
      expect(Math.abs(normalDistribution(x) - expected)).toBeLessThanOrEqual(expected * 1e-12)
    })

  it('hold at the ends', () => {
    expect([normalDistribution(-1e9), normalDistribution(1e9), normalDistribution(Number.NaN)]).toEqual([0, 1, Number.NaN])
    expect([logistic(-1000), logistic(1000), logistic(0)]).toEqual([0, 1, 0.5])
    expect(softmax([1e4, 1e4, -1e4])).toEqual([0.5, 0.5, 0])
  })
})

describe('pairwise coupling', () => {
  it('finds the probabilities that consistent pairs come from', () => {
    const p = [0.5, 0.3, 0.15, 0.05]
    const pairs = Float64Array.from({ length: 16 }, (_, at) => p[at >> 2]! / (p[at >> 2]! + p[at & 3]!))
    coupleProbabilities(pairs, 4).forEach((found, i) => {
      expect(Math.abs(found - p[i]!)).toBeLessThan(0.01) // the method stops at a tolerance of 0.005 / k
    })
  })
})
