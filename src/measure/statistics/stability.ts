import { median, medianAbsoluteDeviation, sorted } from './descriptive.ts'

/** Relative differences above which a run is called unstable. */
export const stabilityLimits = {
  /** (largest − smallest) / median of the block medians. */
  blockSpread: 0.2,
  /** Median of the last third of the blocks against that of the first third. */
  drift: 0.1,
  /** Median absolute deviation over median, of all samples. */
  sampleSpread: 0.25,
}

/** Whether a series of blocks can be relied on. */
export interface Stability {
  stable: boolean
  /** Why not, in words; empty when stable. */
  reasons: string[]
}

/** Judges the blocks of one unit by their medians and all of their samples. */
export function judgeStability(blockMedians: readonly number[], samples: ArrayLike<number>): Stability {
  const reasons: string[] = []
  const center = median(blockMedians)
  const ascending = sorted(blockMedians)
  const spread = (ascending[ascending.length - 1]! - ascending[0]!) / center
  if (spread > stabilityLimits.blockSpread) reasons.push(`block medians differ by ${percent(spread)}`)
  const third = Math.floor(blockMedians.length / 3)
  if (third > 0) {
    const drift = median(blockMedians.slice(-third)) / median(blockMedians.slice(0, third)) - 1
    if (Math.abs(drift) > stabilityLimits.drift)
      reasons.push(`${drift > 0 ? 'slowed down' : 'sped up'} by ${percent(Math.abs(drift))} during the run`)
  }
  const deviation = medianAbsoluteDeviation(samples) / median(samples)
  if (deviation > stabilityLimits.sampleSpread) reasons.push(`single predictions deviate by ${percent(deviation)} from the median`)
  return { stable: reasons.length === 0, reasons }
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`
}
