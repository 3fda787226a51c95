import type { Command } from 'commander'
import { allComputeUnits } from '../../backends/backend.ts'
import { backendNames } from '../../backends/select.ts'
import { identifyChip } from '../../chips/identify.ts'
import type { Devices } from '../../devices.ts'
import { systemText } from '../../measure/words.ts'
import { neuralEngineText } from '../../report/chips.ts'
import { coresText } from '../../report/machine.ts'
import { packageVersion } from '../../version.ts'
import { addSharedOptions, type SharedOptions } from '../options.ts'

/** Version of the form of `devices --json`. */
const schemaVersion = 1

/** The Neural Engine by what Core ML tells, and by the catalogue of chips where that knows more or something else. */
function engineText({ cpu, neuralEngineCores }: Devices['machine'], hasCoreML: boolean): string {
  const identity = identifyChip(cpu)
  const listed = identity.kind === 'apple' ? identity.chip : null
  if (!hasCoreML) return neuralEngineText(identity)
  const catalogue = listed === null ? '' : `; the catalogue of chips: ${neuralEngineText(identity)}`
  if ('unavailable' in neuralEngineCores) return `${neuralEngineCores.unavailable}${catalogue}`
  if (listed?.neuralEngineCores === neuralEngineCores.value) return neuralEngineText(identity)
  return `${neuralEngineCores.value} cores, as Core ML tells${catalogue}`
}

/** What only the addon tells, for a table. */
function toldRows(machine: Devices['machine']): [string, string][] {
  const { model, gpus, thermalState, lowPowerMode } = machine
  const text = <T>(part: { value: T } | { unavailable: string }, say: (value: T) => string) =>
    'value' in part ? say(part.value) : `unknown: ${part.unavailable}`
  return [
    ['model', text(model, String)],
    ['gpu', text(gpus, (names) => names.join(', ') || 'none that Core ML can use')],
    ['thermal state', text(thermalState, String)],
    ['low power', text(lowPowerMode, (on) => (on ? 'on: figures taken now are lower than they could be' : 'off'))],
  ]
}

function print({ machine, defaultBackend, backends }: Devices): void {
  const { platform, osRelease, architecture, cpu, chip, translated } = machine
  const hasCoreML = backends.apple.available === true
  const system = hasCoreML && 'value' in machine.osVersion ? `${systemText(machine)}, ` : ''
  const rows: [string, string][] = [
    ['coreml-bridge', packageVersion()],
    ['node', machine.node],
    ['system', `${system}${platform} ${osRelease} (${architecture})`],
    ['chip', chip === null || chip === cpu ? cpu : `${chip} (${cpu})`],
    ['neural engine', engineText(machine, hasCoreML)],
    ['cores', coresText(machine).replace(' cores', '')],
    ['memory', `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GB`],
    ...(hasCoreML ? toldRows(machine) : []),
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
