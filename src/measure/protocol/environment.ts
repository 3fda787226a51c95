import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import os from 'node:os'
import { promisify } from 'node:util'
import type { Environment } from '../result.ts'
import type { MachineCondition } from './measurable-backend.ts'

/** CPU milliseconds that all cores together have worked since the machine started. */
export function machineCpuMilliseconds(): number {
  return os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}

/** Where the machine's power comes from. */
async function powerSource(): Promise<Environment['powerSource']> {
  if (process.platform === 'darwin') {
    try {
      const { stdout } = await promisify(execFile)('/usr/bin/pmset', ['-g', 'batt'])
      return { value: stdout.includes("'Battery Power'") ? 'battery' : 'mains' }
    } catch (error) {
      return { unavailable: `pmset failed: ${error instanceof Error ? error.message : error}` }
    }
  }
  if (process.platform !== 'linux') return { unavailable: `not read on ${process.platform}` }
  const folder = '/sys/class/power_supply'
  let found = false
  try {
    for (const supply of await readdir(folder)) {
      const type = (await readFile(`${folder}/${supply}/type`, 'utf8')).trim()
      if (type !== 'Mains') continue
      found = true
      if ((await readFile(`${folder}/${supply}/online`, 'utf8')).trim() === '1') return { value: 'mains' }
    }
  } catch {
    return { unavailable: 'the system tells no power source' }
  }
  return found ? { value: 'battery' } : { unavailable: 'the system tells no power source' }
}

/** What goes on on the machine now. `condition` comes from a backend that can tell more than the operating system's own files. */
export async function readEnvironment(condition: MachineCondition | null, start: number): Promise<Environment> {
  const untold = { unavailable: `not told on ${process.platform} without Core ML` }
  return {
    at: Math.round(performance.now() - start),
    thermalState: condition?.thermalState ?? untold,
    lowPowerMode: condition?.lowPowerMode ?? untold,
    powerSource: await powerSource(),
    loadAverage: process.platform === 'win32' ? { unavailable: 'Windows has no load average' } : { value: os.loadavg()[0]! },
  }
}

/** Why a block is suspect, or null: a state that changed meanwhile, or other processes on more than `foreignShare` of the cores. */
export function disturbance(
  before: Environment,
  after: Environment,
  foreignCores: number,
  foreignShare: number,
  cores = os.availableParallelism(),
): string | null {
  for (const [name, text] of [
    ['thermalState', 'thermal state'],
    ['lowPowerMode', 'low-power mode'],
    ['powerSource', 'power source'],
  ] as const) {
    const [was, is] = [before[name], after[name]]
    if ('value' in was && 'value' in is && was.value !== is.value) return `${text} changed from ${was.value} to ${is.value}`
  }
  if ('value' in after.thermalState && (after.thermalState.value === 'serious' || after.thermalState.value === 'critical')) {
    return `thermal state is ${after.thermalState.value}`
  }
  if (foreignCores > foreignShare * cores) return `other processes kept ${foreignCores.toFixed(1)} of ${cores} cores busy`
  return null
}
