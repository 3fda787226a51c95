import { type Estimate, type Interval, ratioInterval } from './intervals.ts'

/**
 * The smallest difference that is called one. Two processes that run the same unit differ by up to this much (memory layout, core assignment),
 * and the blocks of one run cannot show it.
 */
export const processSpread = 0.02

/** What a comparison of two units says. */
export type ComparisonVerdict = 'faster' | 'slower' | 'noDifference' | 'undecided'

/** One unit against another. */
export interface Comparison extends Estimate {
  /** The interval that holds for all comparisons of the run together; verdicts rest on it. */
  familyInterval: Interval | null
  verdict: ComparisonVerdict
}

/** Confidence of each of `comparisons` intervals so that all of them hold together with `confidence` (Bonferroni). */
export function familyConfidence(comparisons: number, confidence = 0.95): number {
  return 1 - (1 - confidence) / Math.max(1, comparisons)
}

/**
 * Speed-up of `candidate` over `reference` (their times by block; above 1 the candidate is faster).
 * `comparisons` is the number of comparisons in the whole run, which the verdict is corrected for.
 */
export function compareBlocks(reference: readonly number[], candidate: readonly number[], comparisons: number): Comparison {
  const estimate = ratioInterval(reference, candidate)
  const familyInterval = ratioInterval(reference, candidate, familyConfidence(comparisons)).interval
  return { ...estimate, familyInterval, verdict: verdictOf(familyInterval) }
}

function verdictOf(interval: Interval | null): ComparisonVerdict {
  if (interval === null) return 'undecided'
  if (interval[0] > 1 + processSpread) return 'faster'
  if (interval[1] < 1 / (1 + processSpread)) return 'slower'
  return 'noDifference'
}
