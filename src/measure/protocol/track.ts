import type { ComputeUnits, PlannedOperation, Unavailable } from '../../backends/backend.ts'
import type { ModelDescription } from '../../model/description.ts'
import type { Features } from '../../model/values.ts'
import type { Block } from '../result.ts'
import type { Counted } from './calls.ts'
import type { PowerCounters } from './measurable-backend.ts'
import type { UnitEnd, UnitProcess } from './unit-process.ts'

/** Counters around a stretch of work. */
export interface PowerWindow {
  seconds: number
  predictions: number
  before: PowerCounters
  after: PowerCounters
}

/** Everything that was measured of one unit, before any statistics. */
export interface Track {
  readonly units: ComputeUnits
  process: UnitProcess | null
  /** Set when the unit ended before its time: nothing more is asked of it. */
  end: UnitEnd | null
  unitVerified: boolean
  /** Every quality of service that a timed block ran with, one where nothing went wrong; none where the backend tells none. */
  readonly qualitiesOfService: Set<string>
  description: ModelDescription | null
  /** Milliseconds. */
  compile: number | Unavailable
  coldLoad: number | Unavailable
  cachedLoads: number[]
  firstPredictions: number[]
  afterIdle: number[]
  warmUpPredictions: number
  blocks: Block[]
  roundTrip: number[]
  batch: Counted | Unavailable
  inFlight: Counted | Unavailable
  /** Predictions a second in each window. */
  sustained: number[]
  power: { idle: PowerWindow[]; work: PowerWindow[] } | Unavailable
  plan: PlannedOperation[] | Unavailable
  outputs: Features[]
  peakMemory: number | Unavailable
}

/** A unit of which nothing is known yet. */
export function newTrack(units: ComputeUnits): Track {
  const notYet: Unavailable = { unavailable: 'not measured' }
  return {
    units,
    process: null,
    end: null,
    unitVerified: true,
    qualitiesOfService: new Set(),
    description: null,
    compile: notYet,
    coldLoad: notYet,
    cachedLoads: [],
    firstPredictions: [],
    afterIdle: [],
    warmUpPredictions: 0,
    blocks: [],
    roundTrip: [],
    batch: notYet,
    inFlight: notYet,
    sustained: [],
    power: notYet,
    plan: notYet,
    outputs: [],
    peakMemory: notYet,
  }
}
