import { estimated, single } from '../figure.ts'
import type { Track } from '../protocol/track.ts'
import type { Steady } from '../result.ts'
import { medianAbsoluteDeviation, quantileOfSorted, sorted } from '../statistics/descriptive.ts'
import { blockInterval } from '../statistics/intervals.ts'
import { judgeStability } from '../statistics/stability.ts'
import { plural } from '../words.ts'
import { series } from './series.ts'

/** Digits that a kept sample has: a timer tells no more. */
const sampleDigits = 5

/** Steady-state figures of a unit that has at least one block. */
export function summarizeSteady(track: Track): Steady {
  const ascending = sorted(track.blocks.flatMap(({ samples }) => samples))
  const median = blockInterval(series(track.blocks))
  const stability = judgeStability(
    track.blocks.map((block) => block.median),
    ascending,
  )
  const disturbed = track.blocks.filter((block) => block.disturbed !== null).length
  if (disturbed > 0) stability.reasons.push(`${plural(disturbed, 'block')} of ${track.blocks.length} disturbed`)
  return {
    median: estimated(median, 'ms'),
    p90: single(quantileOfSorted(ascending, 0.9), 'ms'),
    p99: single(quantileOfSorted(ascending, 0.99), 'ms'),
    mad: single(medianAbsoluteDeviation(ascending), 'ms'),
    minimum: single(ascending[0]!, 'ms'),
    perSecond: {
      value: 1000 / median.value,
      unit: '1/s',
      interval: median.interval && [1000 / median.interval[1], 1000 / median.interval[0]],
    },
    warmUpPredictions: track.warmUpPredictions,
    blocks: track.blocks.map((block) => ({ ...block, samples: block.samples.map((sample) => Number(sample.toPrecision(sampleDigits))) })),
    stability: { stable: stability.reasons.length === 0, reasons: stability.reasons },
  }
}
