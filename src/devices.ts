import { createRequire } from 'node:module'
import { release, type } from 'node:os'
import type { BackendName, ComputeUnits, Unavailable } from './backends/backend.ts'
import { backendNames, defaultBackendName, importBackend } from './backends/select.ts'
import { describeMachine } from './measure/machine.ts'
import type { Machine } from './measure/result.ts'

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
  machine: Machine
  defaultBackend: BackendName
  backends: Record<BackendName, BackendReport>
}

function runtimeOf(name: BackendName): string {
  if (name === 'apple') return `Core ML of ${type()} ${release()}`
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  return `onnxruntime-node ${version}`
}

async function reportBackend(name: BackendName): Promise<BackendReport> {
  const backend = await importBackend(name)
  const available = backend.available()
  if (available === true) return { available, runtime: runtimeOf(name), computeUnits: await backend.computeUnits() }
  return {
    available,
    runtime: available,
    computeUnits: { cpuOnly: available, cpuAndGPU: available, cpuAndNeuralEngine: available, all: available },
  }
}

/** This machine's chip, compute units and backends. */
export async function devices(): Promise<Devices> {
  const reports = await Promise.all(backendNames.map(async (name) => [name, await reportBackend(name)] as const))
  return {
    machine: describeMachine(),
    defaultBackend: defaultBackendName(),
    backends: Object.fromEntries(reports) as Record<BackendName, BackendReport>,
  }
}
