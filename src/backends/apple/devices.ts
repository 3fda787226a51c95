import type { ComputeUnits, Unavailable } from '../backend.ts'
import type { NativeMachine } from './binding.ts'

/** Which units there are, and whether anything could confirm it. */
export interface UnitsFound {
  units: Record<ComputeUnits, true | Unavailable>
  /** False where nothing that the system tells confirms the unit. */
  verified: Record<ComputeUnits, boolean>
}

/**
 * Which compute units this machine has. Core ML itself loads a model for a unit that is not there without a word, so it is asked for its devices
 * (macOS 14), else the IORegistry (13). Where neither knows of a Neural Engine on Apple silicon, its unit counts as there, but unverified.
 */
export function findComputeUnits({ devices, devicesFrom, chip }: NativeMachine): UnitsFound {
  const has = (kind: string) => devices.some((device) => device.kind === kind)
  const answered = devicesFrom !== 'none'
  const lacks = (what: string): Unavailable => ({ unavailable: `this machine has no ${what} that Core ML can use` })
  // The registry's class names are not documented, so their absence proves nothing on a chip that may have the hardware.
  const engineKnown = devicesFrom === 'coreml' || has('neuralEngine') || chip.includes('Intel')
  return {
    units: {
      cpuOnly: true,
      cpuAndGPU: !answered || has('gpu') ? true : lacks('GPU'),
      cpuAndNeuralEngine: !answered || !engineKnown || has('neuralEngine') ? true : lacks('Neural Engine'),
      all: true,
    },
    verified: { cpuOnly: true, cpuAndGPU: answered, cpuAndNeuralEngine: answered && engineKnown, all: answered },
  }
}
