import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { bindingAvailable, loadBinding } from '../backends/apple/load-binding.ts'
import { machineFacts, untoldFacts } from '../backends/apple/machine-facts.ts'
import { identifyChip } from '../chips/identify.ts'
import type { Machine } from './result.ts'

/** True where an x64 Node is being translated on Apple silicon. For Macs on which the addon, which knows it too, could not be loaded. */
function translated(): Machine['translated'] {
  if (process.platform !== 'darwin') return { value: false }
  try {
    return { value: execFileSync('/usr/sbin/sysctl', ['-in', 'sysctl.proc_translated'], { encoding: 'utf8' }).trim() === '1' }
  } catch (error) {
    return { unavailable: `sysctl failed: ${error instanceof Error ? error.message : error}` }
  }
}

/** The machine that a result belongs to: by the addon where there is one, whatever backend measures, and by Node. */
export function describeMachine(): Required<Machine> {
  const available = bindingAvailable()
  const native = available === true ? loadBinding().machine() : undefined
  const cpus = os.cpus()
  const cpu = native?.chip || cpus[0]?.model.trim() || 'unknown'
  const identity = identifyChip(cpu)
  return {
    platform: process.platform,
    architecture: process.arch,
    osRelease: os.release(),
    cpu,
    chip: identity.kind === 'apple' && identity.chip !== null ? identity.chip.name : null,
    cores: cpus.length,
    memoryBytes: native?.memoryBytes || os.totalmem(),
    node: process.version,
    translated: native ? { value: native.translated } : translated(),
    ...(available === true ? machineFacts(native!) : untoldFacts(available)),
  }
}
