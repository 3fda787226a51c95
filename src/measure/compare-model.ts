import path from 'node:path'
import type { ComputeUnits, LoadOptions, Unavailable } from '../backends/backend.ts'
import { readModel } from '../format/index.ts'
import { describeModel } from '../model/describe.ts'
import type { ModelDescription } from '../model/description.ts'
import { modelPath } from '../model/model-source.ts'
import { sizeOnDisk } from '../model/size-on-disk.ts'
import { recommend } from './analysis/recommend.ts'
import { referenceUnits, summarizeUnit } from './analysis/unit.ts'
import { notesOf, verdictLine } from './analysis/verdict.ts'
import { knownCategories } from './categories.ts'
import type { CompareEvent } from './events.ts'
import { neverOnNeuralEngine } from './never-on-engine.ts'
import type { ModelToCompare } from './options.ts'
import type { BackendChoice, InputSource } from './protocol/calls.ts'
import { conduct } from './protocol/conductor.ts'
import type { ProtocolSettings } from './protocol/defaults.ts'
import { checkAccuracy, type Reference, referenceFromFile, referenceFromPortable } from './reference.ts'
import type { Accuracy, Machine, ModelResult, UnitResult } from './result.ts'

/** Everything that is fixed before the first model is measured. */
export interface Plan {
  backend: BackendChoice
  units: readonly ComputeUnits[]
  missing: readonly { units: ComputeUnits; reason: string }[]
  settings: ProtocolSettings
  seed: number
  /** Comparisons over all models, which the verdicts are corrected for. */
  comparisons: number
  machine: Machine
  loadOptions: Partial<LoadOptions>
  /** Files of inputs and expected outputs that the user gave for all models. */
  inputs?: string
  expected?: string
  signal?: AbortSignal
  onEvent?: (event: CompareEvent) => void
}

/** What a comparison of one model gave, with what only the whole result needs. */
export interface ComparedModel {
  result: ModelResult
  qualitiesOfService: string[]
}

/** `file` is the model's absolute path. */
async function inputsOf(model: ModelToCompare, file: string, plan: Plan): Promise<InputSource> {
  const given = plan.inputs ?? plan.expected ?? model.inputs
  if (given !== undefined) return { kind: 'file', path: given }
  const { seed, settings } = plan
  return { kind: 'generated', seed, variants: settings.inputVariants, categories: await knownCategories(file) }
}

/** Expected outputs that somebody gave for a model, or that are stored with it; null where there are none. */
async function givenReference(model: ModelToCompare, plan: Plan, inputs: InputSource, description: ModelDescription) {
  if (plan.expected !== undefined) return referenceFromFile(plan.expected, inputs, description, 'given')
  if (model.expected === undefined || plan.inputs !== undefined) return null
  return referenceFromFile(model.expected, inputs, description, 'stored', model.psnr)
}

/** Measures one model on every unit and judges what came out. */
export async function compareModel(model: ModelToCompare, plan: Plan): Promise<ComparedModel> {
  const { backend, settings, loadOptions, seed, signal, onEvent } = plan
  const file = await modelPath(model.path, 'model')
  const bytes = sizeOnDisk(file)
  const name = model.name ?? path.basename(file).replace(/\.(mlmodel|mlpackage|mlmodelc)$/, '')
  const inputs = await inputsOf(model, file, plan)
  // Before any unit has loaded it; a compiled model, which only Core ML reads, is described by a unit.
  const read = await readModel(file, (opened) => describeModel(opened, loadOptions.functionName))
  let reference: Reference | null = read ? await givenReference(model, plan, inputs, read) : null
  const cases = inputs.kind === 'file' ? Number.MAX_SAFE_INTEGER : settings.inputVariants
  const tracks = await conduct({
    name,
    model: file,
    backend,
    units: plan.units,
    loadOptions,
    inputs,
    settings,
    seed,
    cases,
    signal,
    onEvent,
  })
  const description = tracks.find((track) => track.description !== null)?.description
  if (description) {
    const { timeoutMilliseconds } = settings
    const request = { model: file, inputs, cases, loadOptions: { functionName: loadOptions.functionName }, timeoutMilliseconds, signal }
    reference ??= (await givenReference(model, plan, inputs, description)) ?? (await referenceFromPortable(backend, request))
  }
  const referenceTrack = tracks.find(({ units, end }) => units === referenceUnits && end === null) ?? null
  const units: UnitResult[] = tracks.map((track) => {
    const accuracy: Accuracy =
      description && reference && track.end === null
        ? checkAccuracy(description, reference, track.outputs)
        : { status: 'notChecked', reason: 'no outputs' }
    return summarizeUnit(track, { backend: backend.name, settings, comparisons: plan.comparisons, reference: referenceTrack, accuracy })
  })
  for (const { units: missing, reason } of plan.missing) units.push({ status: 'unavailable', units: missing, reason })
  const recommendations = recommend(
    units.filter((unit) => unit.status === 'measured'),
    plan.comparisons,
  )
  const latency = recommendations.find(({ goal }) => goal === 'latency')?.units ?? null
  const result: ModelResult = {
    name,
    path: model.path,
    bytes,
    family: model.family ?? null,
    units,
    recommendations,
    verdict: verdictLine(units, latency, plan.machine, await neverOnNeuralEngine(file)),
    notes: notesOf(units),
  }
  onEvent?.({ type: 'modelEnded', model: name, result })
  return { result, qualitiesOfService: tracks.flatMap((track) => [...track.qualitiesOfService]) }
}

/** Units that a machine has, and why not the others. */
export function presentUnits(available: Record<ComputeUnits, true | Unavailable>): Pick<Plan, 'units' | 'missing'> {
  const units: ComputeUnits[] = []
  const missing: { units: ComputeUnits; reason: string }[] = []
  for (const [name, state] of Object.entries(available) as [ComputeUnits, true | Unavailable][]) {
    if (state === true) units.push(name)
    else missing.push({ units: name, reason: state.unavailable })
  }
  // Where there is nothing but the CPU, `all` is `cpuOnly` under another name.
  if (units.length === 2 && units.includes('cpuOnly') && units.includes('all')) {
    missing.push({ units: 'all', reason: 'the same as cpuOnly here, since there is no other unit' })
    return { units: ['cpuOnly'], missing }
  }
  return { units, missing }
}
