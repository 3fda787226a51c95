import { describe, expect, test } from 'vitest'
import { defaultSettings } from '../../../src/measure/protocol/defaults.ts'
import { type Random, seededRandom } from '../../../src/measure/random.ts'
import { compareBlocks } from '../../../src/measure/statistics/comparison.ts'
import { median } from '../../../src/measure/statistics/descriptive.ts'
import { blockInterval, ratioInterval } from '../../../src/measure/statistics/intervals.ts'
import { testSlowdown } from '../../../src/measure/statistics/slowdown.ts'

const simulations = 2000
const callsPerBlock = 60
const rounds = defaultSettings.blocks

/**
 * Medians of the blocks of one unit whose true median is `center`: autocorrelated, right-skewed call times (AR(1) normal z, then exp) and an effect of
 * each block. `machine` holds what slows down or speeds up the whole machine in each round.
 */
function simulateBlocks(random: Random, center: number, correlation: number, blockEffect: number, machine?: readonly number[]): number[] {
  const calls = new Float64Array(callsPerBlock)
  const innovation = Math.sqrt(1 - correlation * correlation)
  return Array.from({ length: rounds }, (_, round) => {
    const block = center * Math.exp(blockEffect * random.normal() + (machine?.[round] ?? 0))
    let z = random.normal()
    for (let i = 0; i < callsPerBlock; i++) {
      calls[i] = block * (1 + 0.15 * (Math.exp(0.6 * z) - 1))
      z = correlation * z + innovation * random.normal()
    }
    return median(calls)
  })
}

const share = (hits: number) => hits / simulations

for (const correlation of [0, 0.5, 0.9]) {
  for (const blockEffect of [0, 0.03, 0.1]) {
    describe(`correlation ${correlation} within blocks, block effect ${blockEffect * 100} %`, () => {
      test('95 % intervals cover the true median and the true ratio in 93 to 97 % of runs', () => {
        const random = seededRandom(1000 * correlation + blockEffect)
        let medians = 0
        let ratios = 0
        for (let i = 0; i < simulations; i++) {
          const machine = Array.from({ length: rounds }, () => 0.05 * random.normal())
          const slow = simulateBlocks(random, 14, correlation, blockEffect, machine)
          const fast = simulateBlocks(random, 2, correlation, blockEffect, machine)
          const alone = blockInterval(simulateBlocks(random, 5, correlation, blockEffect)).interval!
          const ratio = ratioInterval(slow, fast).interval!
          if (alone[0] <= 5 && 5 <= alone[1]) medians++
          if (ratio[0] <= 7 && 7 <= ratio[1]) ratios++
        }
        expect(share(medians)).toBeGreaterThanOrEqual(0.93)
        expect(share(medians)).toBeLessThanOrEqual(0.97)
        expect(share(ratios)).toBeGreaterThanOrEqual(0.93)
        expect(share(ratios)).toBeLessThanOrEqual(0.97)
      })
    })
  }
}

test.each([0, 0.5, 0.9])('four equal units, correlation %s: hardly a run calls any pair different', (correlation) => {
  const random = seededRandom(77 + correlation)
  let wrong = 0
  let wrongFaster = 0
  for (let i = 0; i < simulations; i++) {
    const machine = Array.from({ length: rounds }, () => 0.05 * random.normal())
    const units = Array.from({ length: 4 }, () => simulateBlocks(random, 3, correlation, 0.08, machine))
    const verdicts = units.flatMap((reference, a) => units.slice(a + 1).map((candidate) => compareBlocks(reference, candidate, 6).verdict))
    if (verdicts.some((verdict) => verdict !== 'noDifference')) wrong++
    if (verdicts.includes('faster')) wrongFaster++
  }
  expect(share(wrong)).toBeLessThanOrEqual(0.05)
  expect(share(wrongFaster)).toBeLessThanOrEqual(0.05)
})

test('without the correction for several comparisons the same runs would be called different too often', () => {
  const random = seededRandom(78)
  let wrong = 0
  for (let i = 0; i < simulations; i++) {
    const units = Array.from({ length: 4 }, () => simulateBlocks(random, 3, 0, 0.08))
    if (
      units.some((reference, a) =>
        units.slice(a + 1).some((candidate) => compareBlocks(reference, candidate, 1).verdict !== 'noDifference'),
      )
    )
      wrong++
  }
  expect(share(wrong)).toBeGreaterThan(0.05)
})

describe('gate at 10 %, a baseline of 5 runs', () => {
  const limit = 0.1
  /** Median of each run: a process of its own with an effect of `spread`, over the default protocol's blocks. */
  const simulateRuns = (random: Random, runs: number, center: number, spread: number, correlation: number) =>
    Array.from(
      { length: runs },
      () => blockInterval(simulateBlocks(random, center * Math.exp(spread * random.normal()), correlation, 0.01)).value,
    )
  const rates = (runs: number, spread: number, correlation: number, slowdown: number) => {
    const random = seededRandom(5 + runs + correlation)
    const tests = Array.from({ length: simulations }, () => {
      const baseline = simulateRuns(random, 5, 4, spread, correlation)
      return testSlowdown(baseline, simulateRuns(random, runs, 4 * slowdown, spread, correlation), limit)!
    })
    return { failed: share(tests.filter(({ failed }) => failed).length), detectable: median(tests.map(({ detectable }) => detectable)) }
  }
  // Calls that hang together spread the medians of runs (by 1.2 % more at 0.9), which takes more runs to see through.
  for (const { runs, spread, correlation } of [
    { runs: 1, spread: 0.006, correlation: 0 },
    { runs: 1, spread: 0.006, correlation: 0.5 },
    { runs: 3, spread: 0.006, correlation: 0.9 },
    { runs: 3, spread: 0.014, correlation: 0 },
    { runs: 3, spread: 0.014, correlation: 0.5 },
    { runs: 6, spread: 0.014, correlation: 0.9 },
  ]) {
    test(`correlation ${correlation}, ${runs} run(s) now, a spread of ${spread} between runs: 15 % slower fails in ≥ 90 %, 10 % in ≤ 5 %, no change never`, () => {
      expect(rates(runs, spread, correlation, 1.15).failed).toBeGreaterThanOrEqual(0.9)
      expect(rates(runs, spread, correlation, 1.1).failed).toBeLessThanOrEqual(0.05)
      expect(rates(runs, spread, correlation, 1).failed).toBe(0)
    })
  }

  test.each([0.006, 0.014, 0.03])('a slowdown that is said to be found in nine of ten runs is, at a spread of %s', (spread) => {
    const { detectable } = rates(3, spread, 0.9, 1)
    const { failed } = rates(3, spread, 0.9, detectable)
    expect(failed).toBeGreaterThan(0.85)
    expect(failed).toBeLessThan(0.95)
  })
})
