import type { NativeMachine } from '../backends/apple/binding.ts'
import { type MachineCondition, machineCondition } from '../backends/apple/condition.ts'
import type { ComputeUnits, Unavailable } from '../backends/backend.ts'
import { backend } from './backend.ts'
import { loadBinding } from './binding.ts'

/** This device, as far as predictions are concerned. */
export interface Devices extends MachineCondition {
  machine: Pick<
    NativeMachine,
    'chip' | 'model' | 'osVersion' | 'osBuild' | 'memoryBytes' | 'performanceCores' | 'efficiencyCores' | 'devices'
  >
  /** For each compute unit: true, or why it is not there. */
  computeUnits: Record<ComputeUnits, true | Unavailable>
}

/**
 * This device's chip, compute units and condition, as they are now.
 * @throws CoreMLError ERR_BACKEND_UNAVAILABLE
 */
export async function devices(): Promise<Devices> {
  const machine = loadBinding().machine()
  const { chip, model, osVersion, osBuild, memoryBytes, performanceCores, efficiencyCores, devices } = machine
  return {
    machine: { chip, model, osVersion, osBuild, memoryBytes, performanceCores, efficiencyCores, devices },
    computeUnits: await backend.computeUnits(),
    ...machineCondition(machine),
  }
}
