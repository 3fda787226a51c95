import { arch, cpus, release, totalmem, type } from 'node:os'
import type { BackendName, ComputeUnits, Unavailable } from './backends/backend.ts'
import { backendNames, defaultBackendName, importBackend } from './backends/select.ts'

/** What one backend can do here. */
export interface BackendReport {
  available: true | Unavailable
  /** For each compute unit: true, or why it is not there. */
  computeUnits: Record<ComputeUnits, true | Unavailable>
}

/** This machine, as far as predictions are concerned. */
export interface Devices {
  system: { name: string; release: string; architecture: string }
  /** The processor's own name. */
  chip: string | Unavailable
  logicalCores: number
  memoryBytes: number
  node: string
  /** True for an x64 Node on Apple silicon: every figure taken there is wrong. */
  translated: boolean
  defaultBackend: BackendName
  backends: Record<BackendName, BackendReport>
}

async function reportBackend(name: BackendName): Promise<BackendReport> {
  const backend = await importBackend(name)
  const available = backend.available()
  if (available === true) return { available, computeUnits: await backend.computeUnits() }
  return { available, computeUnits: { cpuOnly: available, cpuAndGPU: available, cpuAndNeuralEngine: available, all: available } }
}

/** This machine's chip, compute units and backends. */
export async function devices(): Promise<Devices> {
  const chip = cpus()[0]?.model.trim()
  const reports = await Promise.all(backendNames.map(async (name) => [name, await reportBackend(name)] as const))
  return {
    system: { name: type(), release: release(), architecture: arch() },
    chip: chip ? chip : { unavailable: 'the system does not tell the processor’s name' },
    logicalCores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    // Rosetta shows programs a processor of this name.
    translated: process.platform === 'darwin' && process.arch === 'x64' && /apple/i.test(chip ?? ''),
    defaultBackend: defaultBackendName(),
    backends: Object.fromEntries(reports) as Record<BackendName, BackendReport>,
  }
}
