import type { Unavailable } from '../backend.ts'
import type { NativeMachine } from './binding.ts'

/** State of the machine, as far as measuring must know it. */
export interface MachineCondition {
  thermalState: { value: 'nominal' | 'fair' | 'serious' | 'critical' } | Unavailable
  lowPowerMode: { value: boolean } | Unavailable
}

/** The addon's words about it. */
export function machineCondition({ thermalState, lowPowerMode }: NativeMachine): MachineCondition {
  return {
    thermalState: thermalState === 'unknown' ? { unavailable: 'the system tells no thermal state' } : { value: thermalState },
    lowPowerMode: { value: lowPowerMode },
  }
}
