import type { BackendName, LoadOptions, PlannedOperation, Unavailable } from '../../backends/backend.ts'
import type { ErrorCode } from '../../errors.ts'
import type { ModelDescription } from '../../model/description.ts'
import type { Features } from '../../model/values.ts'
import type { Categories } from '../categories.ts'
import type { MachineCondition, PowerCounters } from './measurable-backend.ts'

/** Which backend a unit's process loads: one of the package's, or a module that exports `backend` (tests). */
export interface BackendChoice {
  name: BackendName
  module?: string
}

/** Where the inputs of a unit come from. Every process of a comparison makes the same ones. */
export type InputSource = { kind: 'generated'; seed: number; variants: number; categories: Categories } | { kind: 'file'; path: string }

/** Times of a series of predictions. */
export interface Timed {
  nanoseconds: Float64Array
  elapsedMilliseconds: number
  /** CPU time that this process used meanwhile. */
  cpuMilliseconds: number
  /** The class that the loop's thread had, as the runtime told it; null where it tells none. */
  qualityOfService: string | null
}

/** Predictions made in a stretch of time. */
export interface Counted {
  predictions: number
  elapsedMilliseconds: number
}

/** What a unit's process can be asked: request and answer by name. */
export interface Calls {
  compile: { request: { backend: BackendChoice; model: string; destination: string }; response: number | Unavailable }
  load: {
    request: { backend: BackendChoice; model: string; options: LoadOptions; inputs: InputSource }
    response: { milliseconds: number; compileMilliseconds: number | Unavailable; unitVerified: boolean; description: ModelDescription }
  }
  plan: { request: Record<string, never>; response: PlannedOperation[] | Unavailable }
  /** One prediction: the runtime's own nanoseconds. */
  predict: { request: Record<string, never>; response: number }
  warmUp: { request: { iterations: number; milliseconds: number; limitMilliseconds: number }; response: number }
  timed: { request: { iterations: number; milliseconds: number; settleMilliseconds: number }; response: Timed }
  /** Milliseconds of each awaited predict beyond the runtime's own time. */
  roundTrip: { request: { milliseconds: number }; response: number[] }
  batch: { request: { size: number; milliseconds: number }; response: Counted | Unavailable }
  inFlight: { request: { count: number; milliseconds: number }; response: Counted }
  power: { request: Record<string, never>; response: PowerCounters | Unavailable }
  condition: { request: { backend: BackendChoice }; response: MachineCondition | null }
  /** Outputs for the first inputs, in order. */
  outputs: { request: { limit: number }; response: Features[] }
  /** Largest resident memory so far, in bytes. */
  peakMemory: { request: Record<string, never>; response: number }
  close: { request: Record<string, never>; response: null }
}

export type CallName = keyof Calls

/** A call on its way to a unit's process. */
export interface CallMessage<Name extends CallName = CallName> {
  id: number
  name: Name
  request: Calls[Name]['request']
}

/** Its answer. */
export type AnswerMessage = { id: number; response: unknown } | { id: number; error: { code: ErrorCode | 'ERR_UNKNOWN'; message: string } }
