import type { Command } from 'commander'

/** What a module in `commands/` exports. */
export interface CommandModule {
  /** Adds arguments, options, help and the action to the command, whose name and summary are set. */
  define(command: Command): void
}

/** One command; its module is loaded only when the command is used. */
export interface CommandEntry {
  summary: string
  load(): Promise<CommandModule>
}

/** Every command, in the order of the help text. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  compare: { summary: 'measure models on every compute unit of this machine', load: () => import('./commands/compare.ts') },
  predict: { summary: 'predict with a model', load: () => import('./commands/predict.ts') },
  inspect: { summary: 'show what a model takes, gives and holds', load: () => import('./commands/inspect.ts') },
  profile: { summary: 'show where the time of a prediction goes (portable backend)', load: () => import('./commands/profile.ts') },
  devices: { summary: 'show this machine’s chip, compute units and backends', load: () => import('./commands/devices.ts') },
  report: { summary: 'turn results of compare into one HTML page', load: () => import('./commands/report.ts') },
  cache: { summary: 'list or clear the compiled models that are kept on a Mac', load: () => import('./commands/cache.ts') },
  chips: { summary: 'list Apple’s chips and their Neural Engines', load: () => import('./commands/chips.ts') },
}
