import type { Unavailable } from '../backend.ts'
import type { NativeMachine } from './binding.ts'
import { type MachineCondition, machineCondition } from './condition.ts'

type Known<T> = { value: T } | Unavailable

/** What only Core ML and Apple's system tell of a machine, as far as they do. */
export interface MachineFacts extends MachineCondition {
  /** Apple's name of the model: `Mac16,10`. */
  model: Known<string>
  /** Product version: `15.6.1`. */
  osVersion: Known<string>
  osBuild: Known<string>
  performanceCores: Known<number>
  efficiencyCores: Known<number>
  /** Names of the GPUs that Core ML can use; empty where it has none. */
  gpus: Known<string[]>
  neuralEngineCores: Known<number>
}

/** The addon has an empty text, or 0, for what the system does not tell. */
function told<T extends string | number>(value: T, what: string): Known<T> {
  return value ? { value } : { unavailable: `the system tells no ${what}` }
}

function gpusOf({ devices, devicesFrom }: NativeMachine): MachineFacts['gpus'] {
  if (devicesFrom === 'none') return { unavailable: 'the system lists no compute devices' }
  return { value: devices.filter(({ kind }) => kind === 'gpu').map(({ name }) => name ?? 'without a name') }
}

function neuralEngineCoresOf({ devices, devicesFrom, chip }: NativeMachine): MachineFacts['neuralEngineCores'] {
  const engine = devices.find(({ kind }) => kind === 'neuralEngine')
  if (engine?.cores) return { value: engine.cores }
  if (engine) return { unavailable: 'there is a Neural Engine, but the system does not tell its cores (Core ML does on macOS 14)' }
  // As in findComputeUnits: the IORegistry's silence proves nothing on Apple silicon.
  if (devicesFrom === 'coreml' || chip.includes('Intel')) return { unavailable: 'this machine has no Neural Engine that Core ML can use' }
  return { unavailable: 'nothing that the system tells confirms a Neural Engine or its absence' }
}

/** The addon's words about the machine, each a value or why there is none. */
export function machineFacts(machine: NativeMachine): MachineFacts {
  return {
    model: told(machine.model, 'name of the model'),
    osVersion: told(machine.osVersion, 'product version'),
    osBuild: told(machine.osBuild, 'build'),
    performanceCores: told(machine.performanceCores, 'number of performance cores'),
    efficiencyCores: told(machine.efficiencyCores, 'number of efficiency cores'),
    gpus: gpusOf(machine),
    neuralEngineCores: neuralEngineCoresOf(machine),
    ...machineCondition(machine),
  }
}

/** The same for a machine without the addon: nothing is told, all for one reason. */
export function untoldFacts(reason: Unavailable): MachineFacts {
  return {
    model: reason,
    osVersion: reason,
    osBuild: reason,
    performanceCores: reason,
    efficiencyCores: reason,
    gpus: reason,
    neuralEngineCores: reason,
    thermalState: reason,
    lowPowerMode: reason,
  }
}
