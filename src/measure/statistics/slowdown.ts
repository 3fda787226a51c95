import { mean } from './descriptive.ts'
import { studentQuantile, studentUpperTail } from './student.ts'

/** Outcome of a gate against a baseline. */
export interface SlowdownTest {
  /** Time now over time then: 1.1 is 10 % slower. */
  ratio: number
  /** One-sided lower bound of the ratio: the gate fails only where even this is over the limit. */
  lowerBound: number
  /** Probability of a ratio as large as this where the true one is at the limit. */
  pValue: number
  /** The smallest true ratio that this gate would fail in nine of ten runs, with the spread that was found. */
  detectable: number
  failed: boolean
}

/** Chance of failing a run whose slowdown is exactly at the limit: below the promised 5 %. */
export const gateError = 0.04

/** Share of runs that a gate shall fail where the slowdown is {@link SlowdownTest.detectable}. */
const gatePower = 0.9

/** Runs that a gate needs in all, baseline and current together: below that the run-to-run spread is not known. */
export const minimumGateRuns = 4

/**
 * Is the current time more than `limit` (0.1 is 10 %) above the baseline's? One median of each run (each process) on both sides.
 * The spread between runs is pooled from both sides, since blocks of one run do not show it. Returns `null` where there are too few runs.
 */
export function testSlowdown(baselineRuns: readonly number[], currentRuns: readonly number[], limit: number): SlowdownTest | null {
  const degrees = baselineRuns.length + currentRuns.length - 2
  if (baselineRuns.length === 0 || currentRuns.length === 0 || degrees + 2 < minimumGateRuns) return null
  const before = baselineRuns.map(Math.log)
  const now = currentRuns.map(Math.log)
  const spread = Math.sqrt((squares(before) + squares(now)) / degrees) * Math.sqrt(1 / before.length + 1 / now.length)
  const difference = mean(now) - mean(before)
  const excess = difference - Math.log1p(limit)
  const margin = studentQuantile(gateError, degrees) * spread
  // The t of a true excess is its shift plus, closely enough, a central t: both margins add up.
  const reach = margin + studentQuantile(1 - gatePower, degrees) * spread
  const pValue = spread === 0 ? (excess > 0 ? 0 : 1) : studentUpperTail(excess / spread, degrees)
  return {
    ratio: Math.exp(difference),
    lowerBound: Math.exp(difference - margin),
    pValue,
    detectable: (1 + limit) * Math.exp(reach),
    failed: pValue < gateError,
  }
}

/** Sum of squared deviations from the mean. */
function squares(values: readonly number[]): number {
  const center = mean(values)
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0)
}
