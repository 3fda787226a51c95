import type { BackendName, Unavailable } from '../../backends/backend.ts'
import { type Figure, type FigureUnit, single } from '../figure.ts'
import type { Counted } from '../protocol/calls.ts'
import type { ProtocolSettings } from '../protocol/defaults.ts'
import type { Track } from '../protocol/track.ts'
import type { Accuracy, MeasuredUnit, Speedup, UnitResult } from '../result.ts'
import { compareBlocks } from '../statistics/comparison.ts'
import { median } from '../statistics/descriptive.ts'
import { blockInterval, minimumBlocks } from '../statistics/intervals.ts'
import { breakEvenOf } from './break-even.ts'
import { summarizeEnergy } from './energy.ts'
import { collectEvidence } from './evidence.ts'
import { summarizePlacement } from './placement.ts'
import { series } from './series.ts'
import { summarizeSteady } from './steady.ts'

/** The unit that all others are compared with. */
export const referenceUnits = 'cpuOnly'

/** What the analysis of a unit needs besides its own track. */
export interface UnitContext {
  backend: BackendName
  settings: ProtocolSettings
  /** All comparisons of the run. */
  comparisons: number
  reference: Track | null
  accuracy: Accuracy
}

function orReason(value: number | Unavailable, unit: FigureUnit): Figure {
  return typeof value === 'number' ? single(value, unit) : value
}

/** One figure from repeated single measurements. */
function ofRepeats(values: readonly number[], missing: string): Figure {
  if (values.length === 0) return { unavailable: missing }
  if (values.length < minimumBlocks) return single(median(values), 'ms')
  const { value, interval } = blockInterval(values)
  return { value, unit: 'ms', interval: interval && [interval[0], interval[1]] }
}

function throughput(counted: Counted | Unavailable): Figure {
  return 'unavailable' in counted ? counted : single((1000 * counted.predictions) / counted.elapsedMilliseconds, '1/s')
}

function phasesOf(track: Track): MeasuredUnit['phases'] {
  return {
    compile: orReason(track.compile, 'ms'),
    coldLoad: orReason(track.coldLoad, 'ms'),
    cachedLoad: ofRepeats(track.cachedLoads, 'not measured'),
    firstPrediction: ofRepeats(track.firstPredictions, 'not measured'),
    afterIdle: ofRepeats(track.afterIdle, 'no idle pause was asked for'),
  }
}

function sustainedOf(track: Track, settings: ProtocolSettings): MeasuredUnit['sustained'] {
  const last = track.sustained.at(-1)
  if (last === undefined) return { unavailable: 'no sustained run was asked for (--sustain 2m)' }
  return {
    durationMilliseconds: settings.sustainMilliseconds,
    windowMilliseconds: settings.sustainMilliseconds / track.sustained.length,
    windows: track.sustained,
    lastAgainstBest: single(last / Math.max(...track.sustained), 'ratio'),
    last: single(last, '1/s'),
  }
}

function speedupOf(track: Track, { reference, comparisons }: UnitContext): Speedup | null {
  if (reference === null || reference === track || reference.blocks.length === 0) return null
  const { value, interval, familyInterval, verdict } = compareBlocks(series(reference.blocks), series(track.blocks), comparisons)
  const pair = (ends: readonly [number, number] | null): [number, number] | null => ends && [ends[0], ends[1]]
  return { against: reference.units, value, interval: pair(interval), familyInterval: pair(familyInterval), verdict }
}

/** Turns what was measured of a unit into its result. */
export function summarizeUnit(track: Track, context: UnitContext): UnitResult {
  const { units } = track
  if (track.end !== null) return { ...track.end, units }
  const { settings, reference } = context
  const same = reference === track
  const phases = phasesOf(track)
  const steady = summarizeSteady(track)
  const placement = summarizePlacement(track.plan)
  const speedup = speedupOf(track, context)
  const timeline = reference && reference.blocks.length > 0 ? { phases: phasesOf(reference), steady: summarizeSteady(reference) } : null
  return {
    status: 'measured',
    units,
    backend: context.backend,
    unitVerified: track.unitVerified,
    phases,
    steady,
    javascriptOverhead: track.roundTrip.length > 0 ? single(median(track.roundTrip), 'ms') : { unavailable: 'not measured' },
    batch: { size: settings.batchSize, perSecond: throughput(track.batch) },
    inFlight: { count: settings.inFlight, perSecond: throughput(track.inFlight) },
    sustained: sustainedOf(track, settings),
    peakMemory: orReason(track.peakMemory, 'B'),
    energy: summarizeEnergy(track.power),
    placement,
    evidence: collectEvidence(track, placement, speedup),
    accuracy: context.accuracy,
    speedup: speedup ?? {
      unavailable: same ? 'this is the unit that the others are compared with' : `${referenceUnits} was not measured in this run`,
    },
    breakEven: breakEvenOf({ phases, steady }, timeline, speedup, same),
  }
}
