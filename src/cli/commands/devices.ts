import type { Command } from 'commander'
import { allComputeUnits } from '../../backends/backend.ts'
import { backendNames } from '../../backends/select.ts'
import { type Devices, devices } from '../../devices.ts'
import { addSharedOptions, type SharedOptions } from '../options.ts'
import { version } from '../version.ts'

/** Version of the form of `devices --json`. */
const schemaVersion = 1

function print(machine: Devices): void {
  const { system, chip, memoryBytes } = machine
  const rows: [string, string][] = [
    ['coreml-bridge', version()],
    ['node', machine.node],
    ['system', `${system.name} ${system.release} (${system.architecture})`],
    ['chip', typeof chip === 'string' ? chip : `unavailable: ${chip.unavailable}`],
    ['cores', String(machine.logicalCores)],
    ['memory', `${(memoryBytes / 2 ** 30).toFixed(1)} GB`],
  ]
  const lines = rows.map(([name, value]) => `${name.padEnd(14)} ${value}`)
  if (machine.translated) lines.push('', 'This Node runs under Rosetta: figures taken here are wrong. Install the arm64 build of Node.')
  for (const name of backendNames) {
    const { available, computeUnits } = machine.backends[name]
    lines.push(
      '',
      `${name} backend${name === machine.defaultBackend ? ' (default)' : ''}: ${available === true ? 'available' : available.unavailable}`,
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
  const machine = await devices()
  if (options.json) process.stdout.write(`${JSON.stringify({ schemaVersion, version: version(), ...machine })}\n`)
  else print(machine)
}

export function define(command: Command): void {
  command.action(run)
  addSharedOptions(command, ['json'])
}
