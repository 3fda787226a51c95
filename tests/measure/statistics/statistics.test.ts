import { readFileSync } from 'node:fs'
import * as simple from 'simple-statistics'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/measure/random.ts'
import { compareBlocks, familyConfidence, processSpread } from '../../../src/measure/statistics/comparison.ts'
import { mean, median, medianAbsoluteDeviation, quantile, standardDeviation } from '../../../src/measure/statistics/descriptive.ts'
import { blockInterval, meanInterval, ratioInterval } from '../../../src/measure/statistics/intervals.ts'
import { gateError, testSlowdown } from '../../../src/measure/statistics/slowdown.ts'
import { judgeStability } from '../../../src/measure/statistics/stability.ts'
import { studentQuantile, studentUpperTail } from '../../../src/measure/statistics/student.ts'

interface Fixture {
  a: number[]
  b: number[]
  quantiles: Record<string, number>
  mad: number
  sd: number
  t: [number, number, number][]
  tail: [number, number, number][]
  block: Record<string, [number, number, number]>
  ratio: { value: number; '0.95': [number, number]; '0.99': [number, number] }
  gate: { baseline: number[]; current: number[]; limit: number; pvalue: number; lower: number }
}
const scipy = JSON.parse(readFileSync(new URL('scipy.json', import.meta.url), 'utf8')) as Fixture

describe('descriptive statistics', () => {
  test('agree with numpy and scipy', () => {
    for (const [probability, expected] of Object.entries(scipy.quantiles))
      expect(quantile(scipy.a, Number(probability))).toBeCloseTo(expected, 12)
    expect(medianAbsoluteDeviation(scipy.a)).toBeCloseTo(scipy.mad, 12)
    expect(standardDeviation(scipy.a)).toBeCloseTo(scipy.sd, 12)
  })

  test('agree with simple-statistics on random samples', () => {
    const random = seededRandom(11)
    for (let size = 2; size < 40; size++) {
      const values = Array.from({ length: size }, () => random.normal() * 3 + 1)
      expect(mean(values)).toBeCloseTo(simple.mean(values), 10)
      expect(median(values)).toBeCloseTo(simple.median(values), 12)
      expect(standardDeviation(values)).toBeCloseTo(simple.sampleStandardDeviation(values), 10)
      expect(medianAbsoluteDeviation(values)).toBeCloseTo(simple.medianAbsoluteDeviation(values), 12)
    }
  })

  test('no values give NaN, and the caller’s array is left alone', () => {
    expect(median([])).toBeNaN()
    expect(standardDeviation([1])).toBeNaN()
    const values = [3, 1, 2]
    median(values)
    expect(values).toEqual([3, 1, 2])
  })
})

describe('Student’s t', () => {
  test('quantiles agree with scipy', () => {
    for (const [tail, degrees, expected] of scipy.t) expect(studentQuantile(tail, degrees) / expected).toBeCloseTo(1, 9)
  })
  test('tail probabilities agree with scipy', () => {
    for (const [t, degrees, expected] of scipy.tail) expect(studentUpperTail(t, degrees) / expected).toBeCloseTo(1, 9)
  })
})

describe('intervals', () => {
  test('over blocks agree with scipy', () => {
    for (const [confidence, [value, low, high]] of Object.entries(scipy.block)) {
      const estimate = blockInterval(scipy.a, Number(confidence))
      expect(estimate.value).toBeCloseTo(value, 10)
      expect(estimate.interval![0]).toBeCloseTo(low, 9)
      expect(estimate.interval![1]).toBeCloseTo(high, 9)
    }
  })

  test('of ratios agree with scipy’s paired t test', () => {
    for (const confidence of ['0.95', '0.99'] as const) {
      const { value, interval } = ratioInterval(scipy.b, scipy.a, Number(confidence))
      expect(value).toBeCloseTo(scipy.ratio.value, 10)
      expect(interval![0]).toBeCloseTo(scipy.ratio[confidence][0], 9)
      expect(interval![1]).toBeCloseTo(scipy.ratio[confidence][1], 9)
    }
  })

  test('too few blocks give a value and no interval', () => {
    expect(blockInterval([2, 8])).toEqual({ value: 4, interval: null })
    expect(meanInterval([5])).toEqual({ value: 5, interval: null })
  })

  test('a machine that slows down in one round leaves the ratio alone', () => {
    const cpu = [10, 10.2, 9.9, 10.1, 10]
    const engine = [2, 2.02, 1.99, 2.01, 2.005]
    const slow = [1, 1, 3, 1, 1]
    const calm = ratioInterval(cpu, engine)
    const disturbed = ratioInterval(
      cpu.map((value, i) => value * slow[i]!),
      engine.map((value, i) => value * slow[i]!),
    )
    expect(disturbed.value).toBeCloseTo(calm.value, 12)
    expect(disturbed.interval![0]).toBeCloseTo(calm.interval![0], 10)
  })
})

describe('comparison', () => {
  const reference = [10, 10.1, 9.9, 10.05, 9.95]
  const scaled = (factor: number) => reference.map((value, i) => (value / factor) * (1 + 0.001 * ((i % 3) - 1)))

  test('faster, slower, no difference, undecided', () => {
    expect(compareBlocks(reference, scaled(14), 6)).toMatchObject({ verdict: 'faster', value: expect.closeTo(14, 1) })
    expect(compareBlocks(reference, scaled(0.5), 6).verdict).toBe('slower')
    expect(compareBlocks(reference, scaled(1), 6).verdict).toBe('noDifference')
    expect(compareBlocks(reference.slice(0, 2), scaled(9).slice(0, 2), 1).verdict).toBe('undecided')
  })

  test('a difference that two processes of one unit can show is none, however sure it is', () => {
    const { interval, verdict } = compareBlocks(reference, scaled(1 + processSpread / 2), 1)
    expect(interval![0]).toBeGreaterThan(1)
    expect(verdict).toBe('noDifference')
  })

  test('the family interval widens with the number of comparisons', () => {
    const noisy = scaled(1.1).map((value, i) => value * [1.03, 0.98, 1.01, 0.97, 1.02][i]!)
    const alone = compareBlocks(reference, noisy, 1)
    const many = compareBlocks(reference, noisy, 24)
    expect(alone.familyInterval).toEqual(alone.interval)
    expect(many.interval).toEqual(alone.interval)
    expect(many.familyInterval![0]).toBeLessThan(alone.interval![0])
    expect(familyConfidence(10)).toBeCloseTo(0.995, 12)
  })
})

describe('gate', () => {
  test('agrees with scipy’s pooled t test', () => {
    const { baseline, current, limit, pvalue, lower } = scipy.gate
    const result = testSlowdown(baseline, current, limit)!
    expect(result.pValue).toBeCloseTo(pvalue, 10)
    expect(result.lowerBound).toBeCloseTo(lower, 9)
    expect(result.failed).toBe(pvalue < gateError)
  })
  test('needs runs of several processes', () => {
    expect(testSlowdown([1], [2], 0.1)).toBeNull()
    expect(testSlowdown([1, 1.01], [2], 0.1)).toBeNull()
    expect(testSlowdown([1, 1.01, 0.99], [2], 0.1)).toMatchObject({ failed: true })
    expect(testSlowdown([1, 1.01, 0.99], [1.05], 0.1)).toMatchObject({ failed: false })
  })
})

describe('stability', () => {
  const flat = [5, 5.1, 4.95, 5, 5.02, 4.98, 5.05, 5, 5.01]
  const samples = flat.flatMap((value) => [value, value * 1.02, value * 0.98])
  test('a calm run is stable', () => {
    expect(judgeStability(flat, samples)).toEqual({ stable: true, reasons: [] })
  })
  test('a drift, a jump and noise are told apart', () => {
    expect(judgeStability([5, 5, 5, 5.3, 5.4, 5.4, 5.7, 5.8, 5.8], samples).reasons).toEqual(['slowed down by 16 % during the run'])
    expect(judgeStability([5, 5, 9, 5, 5, 5, 5, 5, 5], samples).reasons).toEqual(['block medians differ by 80 %'])
    expect(judgeStability(flat, [1, 9, 5, 2, 8, 5, 3]).stable).toBe(false)
  })
})

describe('random numbers', () => {
  test('are the same for one seed and differ between seeds', () => {
    const first = seededRandom(5)
    const again = seededRandom(5)
    const other = seededRandom(6)
    const a = Array.from({ length: 8 }, () => first.uniform())
    expect(Array.from({ length: 8 }, () => again.uniform())).toEqual(a)
    expect(Array.from({ length: 8 }, () => other.uniform())).not.toEqual(a)
  })
  test('are uniform and normal', () => {
    const random = seededRandom(1)
    const uniform = Array.from({ length: 50_000 }, () => random.uniform())
    const normal = Array.from({ length: 50_000 }, () => random.normal())
    for (const probability of [0.01, 0.25, 0.5, 0.75, 0.99]) {
      expect(Math.abs(simple.quantile(uniform, probability) - probability)).toBeLessThan(0.008)
      const z = simple.quantile(normal, probability)
      expect(Math.abs(simple.cumulativeStdNormalProbability(z) - probability)).toBeLessThan(0.008)
    }
    expect(new Set(Array.from({ length: 500 }, () => random.integer(3, 6)))).toEqual(new Set([3, 4, 5, 6]))
    expect(random.shuffle([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4])
  })
})
