import type { Command } from 'commander'
import { allComputeUnits } from '../../backends/backend.ts'
import { backendNames } from '../../backends/select.ts'
import { identifyChip } from '../../chips/identify.ts'
import type { Devices } from '../../devices.ts'
import { neuralEngineText } from '../../report/chips.ts'
import { packageVersion } from '../../version.ts'
import { addSharedOptions, type SharedOptions } from '../options.ts'

/** Version of the form of `devices --json`. */
const schemaVersion = 1

function print({ machine, defaultBackend, backends }: Devices): void {
  const { platform, osRelease, architecture, cpu, chip, translated } = machine
  const rows: [string, string][] = [
    ['coreml-bridge', packageVersion()],
    ['node', machine.node],
    ['system', `${platform} ${osRelease} (${architecture})`],
    ['chip', chip === null || chip === cpu ? cpu : `${chip} (${cpu})`],
    ['neural engine', neuralEngineText(identifyChip(cpu))],
    ['cores', String(machine.cores)],
    ['memory', `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GB`],
  ]
  const lines = rows.map(([name, value]) => `${name.padEnd(14)} ${value}`)
  if ('value' in translated && translated.value) {
    lines.push('', 'This Node runs under Rosetta: figures taken here are wrong. Install the arm64 build of Node.')
  }
  for (const name of backendNames) {
    const { available, runtime, computeUnits } = backends[name]
    lines.push(
      '',
      `${name} backend${name === defaultBackend ? ' (default)' : ''}: ${typeof runtime === 'string' ? runtime : runtime.unavailable}`,
    )
    if (available !== true) continue
    for (const unit of allComputeUnits) {
      const state = computeUnits[unit]
      lines.push(`  ${unit.padEnd(20)} ${state === true ? 'yes' : `no: ${state.unavailable}`}`)
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

async function run(options: SharedOptions): Promise<void> {
  const { devices } = await import('../../devices.ts')
  const report = await devices()
  if (options.json) process.stdout.write(`${JSON.stringify({ schemaVersion, version: packageVersion(), ...report })}\n`)
  else print(report)
}

export function define(command: Command): void {
  command.action(run)
  addSharedOptions(command, ['json'])
}
