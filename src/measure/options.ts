import type { BackendName, ComputeUnits } from '../backends/backend.ts'
import type { CompareEvent } from './events.ts'
import type { ProtocolSettings } from './protocol/defaults.ts'

/** Options of {@link compare}. */
export interface CompareOptions {
  /** `apple` (Core ML) or `portable`; `apple` where Core ML exists when absent. */
  backend?: BackendName
  /** Compute units to measure; every one that this machine has when absent. */
  units?: readonly ComputeUnits[]
  /** Timed predictions of each unit, over all its blocks: ends the blocks early. */
  iterations?: number
  /** Timed milliseconds of each unit, over all its blocks. */
  durationMilliseconds?: number
  /** A .npz file with expected outputs by feature name, and with the inputs unless `inputs` names another file. */
  expected?: string
  /** A .npz file with inputs by feature name, instead of stored or made-up ones. */
  inputs?: string
  /** Makes order and made-up inputs repeatable; random when absent, and always in the result. */
  seed?: number
  /** Length of a sustained run of each unit, after everything else. */
  sustainMilliseconds?: number
  /** Processes of each unit; several show the spread from run to run, which a baseline needs. */
  runs?: number
  functionName?: string
  threads?: number
  /** Single values of the protocol. */
  settings?: Partial<ProtocolSettings>
  signal?: AbortSignal
  onEvent?: (event: CompareEvent) => void
}

/** A model to compare, with what is known about it besides its file. */
export interface ModelToCompare {
  path: string
  name?: string
  family?: string
  /** Files of stored inputs and expected outputs. */
  inputs?: string
  expected?: string
  /** PSNR that the stored expected outputs ask for, in dB. */
  psnr?: number
}
