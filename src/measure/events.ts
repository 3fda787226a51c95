import type { ComputeUnits } from '../backends/backend.ts'
import type { UnitEnd } from './protocol/unit-process.ts'
import type { ModelResult } from './result.ts'

interface OfUnit {
  model: string
  units: ComputeUnits
}

/** Progress of a comparison. */
export type CompareEvent =
  | { type: 'model'; model: string; index: number; count: number }
  | ({ type: 'phase'; phase: string } & OfUnit)
  /** One timed block is done; `median` in milliseconds. */
  | ({ type: 'block'; round: number; rounds: number; median: number } & OfUnit)
  | ({ type: 'sustain'; window: number; windows: number } & OfUnit)
  /** A unit crashed, hung or failed; the others go on. */
  | ({ type: 'unitEnded' } & OfUnit & UnitEnd)
  | { type: 'modelEnded'; model: string; result: ModelResult }
