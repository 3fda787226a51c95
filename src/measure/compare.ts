import type { Backend } from '../backends/backend.ts'
import { checkComputeUnits } from '../backends/check-compute-units.ts'
import { defaultBackendName, selectBackend } from '../backends/select.ts'
import { CoreMLError } from '../errors.ts'
import { orAborted, throwIfAborted } from '../model/abort.ts'
import { packageVersion } from '../version.ts'
import { compareModel, type Plan, presentUnits } from './compare-model.ts'
import { describeMachine } from './machine.ts'
import { type CompareOptions, checkCompareOptions, checkModel, type ModelToCompare } from './options.ts'
import type { BackendChoice } from './protocol/calls.ts'
import { defaultSettings, mostSamples, type ProtocolSettings } from './protocol/defaults.ts'
import { requireFiles } from './required-files.ts'
import { type CompareResult, resultVersion } from './result.ts'
import { withStoredCases } from './samples.ts'

function settingsOf(options: CompareOptions): ProtocolSettings {
  const given = Object.entries(options.settings ?? {}).filter(([, value]) => value !== undefined)
  const settings: ProtocolSettings = { ...defaultSettings, ...Object.fromEntries(given) }
  const { iterations, durationMilliseconds, sustainMilliseconds, runs } = options
  if (runs !== undefined) settings.runs = runs
  if (sustainMilliseconds !== undefined) settings.sustainMilliseconds = sustainMilliseconds
  const blocks = settings.blocks * settings.runs
  if (durationMilliseconds !== undefined) {
    settings.blockMilliseconds = durationMilliseconds / blocks
    // A duration alone is to last, however many predictions it takes.
    if (iterations === undefined) settings.blockIterations = Math.max(1, Math.floor(mostSamples / blocks))
  }
  if (iterations !== undefined) {
    settings.blockIterations = Math.max(1, Math.ceil(iterations / blocks))
    // A count alone is to be reached, however long it takes.
    if (durationMilliseconds === undefined) settings.blockMilliseconds = settings.timeoutMilliseconds
  }
  return settings
}

/** Pairs of units, over all models: what a verdict has to be corrected for. */
function comparisonsOf(units: number, models: number): number {
  return Math.max(1, (models * units * (units - 1)) / 2)
}

/** {@link compare} over a backend that is already chosen. */
export async function compareWith(
  backend: Backend,
  choice: BackendChoice,
  models: readonly ModelToCompare[],
  options: CompareOptions,
): Promise<CompareResult> {
  const { signal, onEvent } = options
  const start = performance.now()
  for (const model of models) await requireFiles(model, options)
  const settings = settingsOf(options)
  const available = await backend.computeUnits()
  const { units, missing } = options.units ? { units: options.units, missing: [] } : presentUnits(available)
  const comparisons = comparisonsOf(units.length, models.length)
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32)
  const machine = describeMachine()
  const loadOptions = { functionName: options.functionName, threads: options.threads }
  const plan: Plan = {
    backend: choice,
    units,
    missing,
    settings,
    seed,
    comparisons,
    machine,
    loadOptions,
    inputs: options.inputs,
    expected: options.expected,
    signal,
    onEvent,
  }
  const results: CompareResult['models'] = []
  const qualities = new Set<string>()
  for (const [index, model] of models.entries()) {
    signal?.throwIfAborted()
    onEvent?.({ type: 'model', model: model.name ?? model.path, index, count: models.length })
    const compared = await compareModel(model, plan)
    for (const quality of compared.qualitiesOfService) qualities.add(quality)
    results.push(compared.result)
  }
  return {
    schemaVersion: resultVersion,
    kind: 'compare',
    version: packageVersion(),
    createdAt: new Date().toISOString(),
    machine,
    protocol: {
      backend: choice.name,
      seed,
      qualityOfService: qualities.size === 0 ? { unavailable: 'no timed block told one' } : { value: [...qualities].join(', ') },
      settings: { ...settings },
      comparisons,
      durationMilliseconds: Math.round(performance.now() - start),
    },
    models: results,
  }
}

/**
 * Measures models on every compute unit of this machine, side by side: compile, cold and cached load, first and steady predictions with intervals,
 * throughput, energy, planned placement, and whether the outputs are right. Each unit runs in a process of its own, so that a crash is a result.
 *
 * @param models paths of `.mlmodel` files or `.mlpackage` folders, one or several
 * @throws CoreMLError ERR_FILE, ERR_ARGUMENT, ERR_BACKEND_UNAVAILABLE, ERR_COMPUTE_UNIT_UNAVAILABLE; an AbortError
 * @example
 * const result = await compare('MobileNetV2.mlpackage')
 * console.log(result.models[0].verdict)
 */
export async function compare(
  models: string | ModelToCompare | readonly (string | ModelToCompare)[],
  options: CompareOptions = {},
): Promise<CompareResult> {
  checkCompareOptions(options)
  throwIfAborted(options.signal)
  const list: ModelToCompare[] = []
  for (const model of (Array.isArray(models) ? models : [models]) as readonly (string | ModelToCompare)[]) {
    checkModel(model)
    list.push(typeof model === 'string' ? await withStoredCases(model) : model)
  }
  if (list.length === 0) throw new CoreMLError('ERR_ARGUMENT', 'compare: name at least one model')
  const name = options.backend ?? defaultBackendName()
  const backend = await selectBackend(name)
  for (const units of options.units ?? []) await checkComputeUnits(backend, units)
  return orAborted(compareWith(backend, { name }, list, options), options.signal)
}
