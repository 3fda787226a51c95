import { type Command, InvalidArgumentError, Option } from 'commander'
import { allComputeUnits, type BackendName, type ComputeUnits } from '../backends/backend.ts'
import { didYouMean } from '../model/suggest.ts'
import { parseDuration } from './duration.ts'

/** What the shared options give. */
export interface SharedOptions {
  json?: boolean
  verbose?: boolean
  backend?: BackendName
  /** One unit (`predict`, `profile`) or several (`compare`). */
  units?: ComputeUnits[]
  function?: string
  threads?: number
  precision?: 'float32' | 'asDeclared'
}

/** Names of the shared options. `units` takes a list, `unit` one of it (both fill {@link SharedOptions.units}). */
export type SharedOptionName = 'json' | 'backend' | 'units' | 'unit' | 'function' | 'threads' | 'precision'

/** Commander reads the thrown message. */
function refuse(text: string): never {
  throw new InvalidArgumentError(text)
}

/** Apple's name of a compute unit, in any case. */
export function parseComputeUnit(text: string): ComputeUnits {
  const name = text.trim()
  return (
    allComputeUnits.find((unit) => unit.toLowerCase() === name.toLowerCase()) ??
    refuse(`There is no compute unit "${name}"${didYouMean(name, allComputeUnits)} (units: ${allComputeUnits.join(', ')}).`)
  )
}

/** Compute units separated by commas, each once. */
export function parseComputeUnits(text: string): ComputeUnits[] {
  return [...new Set(text.split(',').map(parseComputeUnit))]
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : refuse('It must be a whole number from 1 to 999999999.')
}

/** A whole number, as results tell their seed. */
export function parseSeed(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : refuse('A seed is a whole number of at most 15 digits.')
}

/** A duration for commander: milliseconds. */
export function parseDurationOption(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    return refuse((error as Error).message)
  }
}

const units = 'what Core ML may use: cpuOnly, cpuAndGPU, cpuAndNeuralEngine or all'

const shared: Readonly<Record<SharedOptionName, () => Option[]>> = {
  json: () => [new Option('--json', 'machine-readable result on stdout (errors too)')],
  backend: () => [
    new Option('--backend <name>', 'apple (Core ML) or portable (onnxruntime); apple where Core ML exists').choices(['apple', 'portable']),
  ],
  units: () => [
    new Option('--units <list>', `${units}, separated by commas (also --compute-units)`).argParser(parseComputeUnits),
    new Option('--compute-units <list>', 'the same as --units').argParser(parseComputeUnits).hideHelp(),
  ],
  unit: () => {
    const one = (text: string) => [parseComputeUnit(text)]
    return [
      new Option('--units <name>', `${units} (also --compute-units)`).argParser(one),
      new Option('--compute-units <name>', 'the same as --units').argParser(one).hideHelp(),
    ]
  },
  function: () => [new Option('--function <name>', 'function of a multi-function model')],
  threads: () => [new Option('--threads <count>', 'threads of one prediction (portable backend)').argParser(parseCount)],
  precision: () => [
    new Option(
      '--precision <mode>',
      'float32 computes in float32, asDeclared rounds to float16 where the model says so (portable backend)',
    ).choices(['float32', 'asDeclared']),
  ],
}

/** Adds shared options to a command; every command has --verbose. */
export function addSharedOptions(command: Command, names: readonly SharedOptionName[]): Command {
  for (const name of names) for (const option of shared[name]()) command.addOption(option)
  return command.addOption(new Option('--verbose', 'details of errors on stderr'))
}

/** The options as given, with `--compute-units` under its other name. */
export function readSharedOptions<T extends SharedOptions>(options: T & { computeUnits?: ComputeUnits[] }): T {
  const { computeUnits, ...rest } = options
  return { ...rest, units: options.units ?? computeUnits } as T
}
