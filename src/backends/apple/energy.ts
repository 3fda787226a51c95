import type { Unavailable } from '../backend.ts'
import type { AppleBinding, NativeEnergyMeter } from './binding.ts'

/** Energy and activity counters since the first question; only differences mean anything. */
export interface PowerCounters {
  /** Joules by rail: cpu, gpu, neuralEngine, memory. */
  joules: Record<string, number>
  /** Seconds that the Neural Engine's memory traffic was above its lowest level: a sign of work, no energy. */
  neuralEngineActiveSeconds: number | Unavailable
}

/** One meter for the process, started by the first question: its counters are sums since then. */
let meter: NativeEnergyMeter | undefined
let meterOf: AppleBinding | undefined

function openMeter(binding: AppleBinding): NativeEnergyMeter {
  if (meter && meterOf === binding) return meter
  if (!binding.openEnergyMeter) throw new Error('this build of the addon reads no energy counters')
  meter = binding.openEnergyMeter()
  meterOf = binding
  meter.start()
  return meter
}

/** Below this window a counter may not have moved yet though it works. */
const shortestWindow = 0.04

/** Joules by rail since the first question, or why the machine gives none. Counters that stay at zero for everything are unavailable, never 0 J. */
export function readPowerCounters(binding: AppleBinding): PowerCounters | Unavailable {
  try {
    const { seconds, gated, activity, ...rails } = openMeter(binding).read()
    if (gated && seconds >= shortestWindow) {
      return { unavailable: 'the energy counters read zero for everything: this macOS or chip hides them from ordinary processes' }
    }
    const shares = Object.values(activity)
    return {
      joules: rails as Record<string, number>,
      neuralEngineActiveSeconds:
        shares.length > 0 ? Math.max(...shares) * seconds : { unavailable: 'no counter tells the activity of the Neural Engine' },
    }
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) }
  }
}
