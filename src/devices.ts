import type { BackendName, ComputeUnits, Unavailable } from './backends/backend.ts'
import { onnxRuntimeProblem, onnxRuntimeVersion } from './backends/portable/runtime/package.ts'
import { backendNames, defaultBackendName, importBackend } from './backends/select.ts'
import { describeMachine } from './measure/machine.ts'
import type { Machine } from './measure/result.ts'
import { systemText } from './measure/words.ts'

/** What one backend can do here. */
export interface BackendReport {
  available: true | Unavailable
  /** What computes, with its version: `onnxruntime-node 1.30.0`. */
  runtime: string | Unavailable
  /** For each compute unit: true, or why it is not there. */
  computeUnits: Record<ComputeUnits, true | Unavailable>
}

/** This machine, as far as predictions are concerned. */
export interface Devices {
  /** Everything that could be told, each part a value or why there is none; on a Mac the chip, compute devices and condition are the addon's words. */
  machine: Required<Machine>
  defaultBackend: BackendName
  backends: Record<BackendName, BackendReport>
}

function runtimeOf(name: BackendName, machine: Machine): string | Unavailable {
  if (name === 'apple') return `Core ML of ${systemText(machine)}`
  const problem = onnxRuntimeProblem()
  return problem ? { unavailable: `${problem}: only classic models run` } : `onnxruntime-node ${onnxRuntimeVersion()}`
}

async function reportBackend(name: BackendName, machine: Machine): Promise<BackendReport> {
  const backend = await importBackend(name)
  const available = backend.available()
  if (available === true) return { available, runtime: runtimeOf(name, machine), computeUnits: await backend.computeUnits() }
  return {
    available,
    runtime: available,
    computeUnits: { cpuOnly: available, cpuAndGPU: available, cpuAndNeuralEngine: available, all: available },
  }
}

/** This machine's chip, compute units and backends. */
export async function devices(): Promise<Devices> {
  const machine = describeMachine()
  const reports = await Promise.all(backendNames.map(async (name) => [name, await reportBackend(name, machine)] as const))
  return {
    machine,
    defaultBackend: defaultBackendName(),
    backends: Object.fromEntries(reports) as Record<BackendName, BackendReport>,
  }
}
