import type { Backend, Unavailable } from '../../backends/backend.ts'
import type { Environment } from '../result.ts'

/** Energy and activity counters since the machine started; only differences mean anything. */
export interface PowerCounters {
  /** Joules by rail: cpu, gpu, neuralEngine, memory, … */
  joules: Record<string, number>
  /** Seconds that the Neural Engine was active or moved data, where some counter tells; no proof of energy, but of work. */
  neuralEngineActiveSeconds: number | Unavailable
}

/** State of the machine that a backend can tell, besides what the operating system tells everybody. */
export type MachineCondition = Pick<Environment, 'thermalState' | 'lowPowerMode'>

/** What a backend may offer to the measuring protocol besides predictions. A backend that lacks a part has `unavailable` figures instead. */
export interface MeasurableBackend extends Backend {
  /** Compiles `source` into the folder `destination` (which must not exist), past every cache. */
  compile?(source: string, destination: string): Promise<void>
  /** Counters of energy and activity, or why there are none. */
  powerCounters?(): Promise<PowerCounters | Unavailable>
  condition?(): MachineCondition
}
