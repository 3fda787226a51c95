import { allComputeUnits, type BackendName, type ComputeUnits } from '../backends/backend.ts'
import { CoreMLError } from '../errors.ts'
import {
  aFunction,
  anObject,
  aPositiveInteger,
  aPositiveNumber,
  aSignal,
  aString,
  checkOptions,
  type OptionRule,
  type OptionRules,
  oneOf,
} from '../model/options.ts'
import type { CompareEvent } from './events.ts'
import { defaultSettings, type ProtocolSettings } from './protocol/defaults.ts'

/** Options of {@link compare}. */
export interface CompareOptions {
  /** `apple` (Core ML) or `portable`; `apple` where Core ML exists when absent. */
  backend?: BackendName
  /** Compute units to measure; every one that this machine has when absent. */
  units?: readonly ComputeUnits[]
  /** Timed predictions of each unit, over all its blocks: ends the blocks early. */
  iterations?: number
  /** Timed milliseconds of each unit, over all its blocks. */
  durationMilliseconds?: number
  /** A .npz file with expected outputs by feature name, and with the inputs unless `inputs` names another file. */
  expected?: string
  /** A .npz file with inputs by feature name, instead of stored or made-up ones. */
  inputs?: string
  /** Makes order and made-up inputs repeatable; random when absent, and always in the result. */
  seed?: number
  /** Length of a sustained run of each unit, after everything else. */
  sustainMilliseconds?: number
  /** Processes of each unit; several show the spread from run to run, which a baseline needs. */
  runs?: number
  functionName?: string
  threads?: number
  /** Single values of the protocol. */
  settings?: Partial<ProtocolSettings>
  signal?: AbortSignal
  onEvent?: (event: CompareEvent) => void
}

/** A model to compare, with what is known about it besides its file. */
export interface ModelToCompare {
  path: string
  name?: string
  family?: string
  /** Files of stored inputs and expected outputs. */
  inputs?: string
  expected?: string
  /** PSNR that the stored expected outputs ask for, in dB. */
  psnr?: number
}

const someUnits: OptionRule = {
  expected: `an array of one or more of ${allComputeUnits.join(', ')}, each once`,
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((units) => allComputeUnits.includes(units)),
}

const rules: OptionRules<CompareOptions> = {
  backend: oneOf(['apple', 'portable']),
  units: someUnits,
  iterations: aPositiveInteger,
  durationMilliseconds: aPositiveNumber,
  expected: aString,
  inputs: aString,
  seed: {
    expected: 'a whole number of at least 0',
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  sustainMilliseconds: aPositiveNumber,
  runs: aPositiveInteger,
  functionName: aString,
  threads: aPositiveInteger,
  settings: anObject,
  signal: aSignal,
  onEvent: aFunction,
}

const aSetting: OptionRule = {
  expected: 'a number of at least 0',
  accepts: (value) => Number.isFinite(value) && (value as number) >= 0,
}
const settingRules: OptionRules<ProtocolSettings> = {
  ...(Object.fromEntries(Object.keys(defaultSettings).map((name) => [name, aSetting])) as OptionRules<ProtocolSettings>),
  runs: aPositiveInteger,
  blocks: aPositiveInteger,
  blockIterations: aPositiveInteger,
  batchSize: aPositiveInteger,
  inFlight: aPositiveInteger,
  inputVariants: aPositiveInteger,
}

/** @throws CoreMLError ERR_ARGUMENT */
export function checkCompareOptions(options: unknown): asserts options is CompareOptions {
  checkOptions<CompareOptions>('compare', options, rules)
  if (options.settings !== undefined) checkOptions<Partial<ProtocolSettings>>('compare: settings', options.settings, settingRules)
}

const modelRules: OptionRules<ModelToCompare> = {
  path: aString,
  name: aString,
  family: aString,
  inputs: aString,
  expected: aString,
  psnr: aPositiveNumber,
}

/** @throws CoreMLError ERR_ARGUMENT */
export function checkModel(model: unknown): asserts model is string | ModelToCompare {
  const path = typeof model === 'object' && model !== null && 'path' in model ? model.path : model
  if (typeof path !== 'string' || path === '')
    throw new CoreMLError(
      'ERR_ARGUMENT',
      'compare: a model must be the path of a .mlmodel file or .mlpackage folder, or an object with it as "path"',
    )
  if (typeof model === 'object') checkOptions<ModelToCompare>('compare: a model', model, modelRules)
}
