import { mean, standardDeviation } from './descriptive.ts'
import { studentQuantile } from './student.ts'

/** Lower and upper end. */
export type Interval = readonly [low: number, high: number]

/** A value and its interval; no interval where there are too few blocks for one. */
export interface Estimate {
  value: number
  interval: Interval | null
}

/** Blocks below which no interval is given: with one or two, a t interval is too wide to say anything. */
export const minimumBlocks = 3

/**
 * The figure that blocks agree on, from one positive summary of each block (its median): the geometric mean, with a t interval over the logarithms.
 *
 * Calls within a block depend on each other, so the block is the unit that is counted. With 5 to 10 blocks a percentile bootstrap is too narrow
 * (it covers 85 to 92 %); the t interval covers what it claims, which tests/measure/statistics/coverage.test.ts shows by simulation.
 */
export function blockInterval(blocks: readonly number[], confidence = 0.95): Estimate {
  return logEstimate(blocks.map(Math.log), confidence)
}

/**
 * The ratio `numerator / denominator` of two series of blocks. Blocks of one round ran next to each other in time and are paired,
 * so that whatever slowed down the whole machine in a round cancels out.
 */
export function ratioInterval(numerator: readonly number[], denominator: readonly number[], confidence = 0.95): Estimate {
  const rounds = Math.min(numerator.length, denominator.length)
  const logs: number[] = []
  for (let i = 0; i < rounds; i++) logs.push(Math.log(numerator[i]! / denominator[i]!))
  return logEstimate(logs, confidence)
}

/** An arithmetic mean with its t interval, for figures that may be zero or negative (energy less its baseline). */
export function meanInterval(values: readonly number[], confidence = 0.95): Estimate {
  const center = mean(values)
  if (values.length < minimumBlocks) return { value: center, interval: null }
  const half = halfWidth(values, confidence)
  return { value: center, interval: [center - half, center + half] }
}

function logEstimate(logs: readonly number[], confidence: number): Estimate {
  const { value, interval } = meanInterval(logs, confidence)
  return { value: Math.exp(value), interval: interval && [Math.exp(interval[0]), Math.exp(interval[1])] }
}

function halfWidth(values: readonly number[], confidence: number): number {
  return (studentQuantile((1 - confidence) / 2, values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length)
}
