import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { identifyChip } from '../chips/identify.ts'
import type { Machine } from './result.ts'

/** True where an x64 Node is being translated on Apple silicon. */
function translated(): Machine['translated'] {
  if (process.platform !== 'darwin') return { value: false }
  try {
    return { value: execFileSync('/usr/sbin/sysctl', ['-in', 'sysctl.proc_translated'], { encoding: 'utf8' }).trim() === '1' }
  } catch (error) {
    return { unavailable: `sysctl failed: ${error instanceof Error ? error.message : error}` }
  }
}

/** The machine that a result belongs to. */
export function describeMachine(): Machine {
  const cpus = os.cpus()
  const cpu = cpus[0]?.model.trim() || 'unknown'
  const identity = identifyChip(cpu)
  return {
    platform: process.platform,
    architecture: process.arch,
    osRelease: os.release(),
    cpu,
    chip: identity.kind === 'apple' && identity.chip !== null ? identity.chip.name : null,
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    node: process.version,
    translated: translated(),
  }
}
