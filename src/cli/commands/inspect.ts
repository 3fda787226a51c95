import type { Command } from 'commander'
import { addSharedOptions, type SharedOptions } from '../options.ts'

export function define(command: Command): void {
  command
    .argument('<model>', '.mlmodel file or .mlpackage folder')
    .action(async (path: string, options: SharedOptions) => (await import('../inspect/run.ts')).runInspect(path, options))
  addSharedOptions(command, ['json', 'function'])
}
