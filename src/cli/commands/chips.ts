import os from 'node:os'
import type { Command } from 'commander'
import { chips } from '../../chips/catalogue.ts'
import { identifyChip } from '../../chips/identify.ts'
import { chipsReport } from '../../report/chips.ts'
import { addSharedOptions, type SharedOptions } from '../options.ts'

/** Version of the form of `chips --json`. */
const schemaVersion = 1

function run({ json }: SharedOptions): void {
  const machine = identifyChip(os.cpus()[0]?.model ?? '')
  process.stdout.write(json ? `${JSON.stringify({ schemaVersion, machine, chips })}\n` : chipsReport(chips, machine))
}

/** Adds the options of `chips`. */
export function define(command: Command): void {
  command.action(run)
  addSharedOptions(command, ['json'])
}
