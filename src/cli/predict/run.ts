import { basename, extname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Prediction } from '../../backends/backend.ts'
import { CoreMLError } from '../../errors.ts'
import type { ResizeMode } from '../../images/options.ts'
import { featureText } from '../../model/feature-text.ts'
import { Model } from '../../model/model.ts'
import { interruptSignal } from '../interrupt.ts'
import { readSharedOptions, type SharedOptions } from '../options.ts'
import { startProgress } from '../progress.ts'
import { jsonFeatures, jsonTop } from './json.ts'
import { type InputValues, readInputValues } from './read-inputs.ts'
import { saveImages, saveNpz } from './save.ts'
import { numberText, probabilityText, valueSummary } from './summary.ts'
import { topLabels } from './top.ts'

/** Version of the form of `predict --json`. */
const schemaVersion = 1

/** What the options of the command give. */
export interface PredictCommandOptions extends SharedOptions {
  input: string[]
  inputs?: string
  out?: string
  imageDir: string
  resize?: ResizeMode
}

/** Predictions one after another; a model with state sees the cases as steps of one sequence. */
async function predictAll(
  model: Model,
  cases: readonly InputValues[],
  options: { resize?: ResizeMode; signal: AbortSignal },
  onCase: (index: number) => void,
): Promise<Prediction[]> {
  const state = model.states.length > 0 ? model.newState() : undefined
  try {
    const predictions: Prediction[] = []
    let breath = performance.now()
    for (const [i, values] of cases.entries()) {
      onCase(i)
      // Small models may predict without ever waiting: Ctrl-C and the progress display need a turn, too.
      if (performance.now() - breath > 50) {
        await setImmediate()
        breath = performance.now()
      }
      predictions.push(await model.predictDetailed(values, { ...options, state }))
    }
    return predictions
  } finally {
    state?.dispose()
  }
}

function print(
  model: Model,
  path: string,
  predictions: readonly Prediction[],
  images: readonly Map<string, string>[],
  out: string | undefined,
): void {
  const lines: string[] = []
  const total = predictions.reduce((sum, { nativeNanoseconds }) => sum + nativeNanoseconds, 0) / 1e6
  const each =
    predictions.length > 1
      ? `, ${predictions.length} predictions of ${numberText(total / predictions.length)} ms`
      : `, prediction ${numberText(total)} ms`
  // The portable backend computes on the CPU, whatever units were allowed.
  const where = model.backend === 'portable' ? 'portable backend (CPU)' : `${model.backend} backend, ${model.computeUnits}`
  lines.push(`${basename(path)}  ${where}, load ${numberText(model.loadTimes.load)} ms${each}`)
  const width = Math.max(0, ...model.outputs.map(({ name }) => name.length))
  for (const [i, { outputs }] of predictions.entries()) {
    lines.push('')
    if (predictions.length > 1) lines.push(`case ${i}`)
    const top = topLabels(model.description, outputs)
    for (const [name, value] of Object.entries(outputs)) {
      if (top && value instanceof Map) continue
      lines.push(`${name.padEnd(width)}  ${valueSummary(value, images[i]?.get(name))}`)
    }
    const labelWidth = Math.max(0, ...(top ?? []).map(({ label }) => label.length))
    for (const [rank, { label, probability }] of (top ?? []).entries()) {
      lines.push(`  ${rank + 1}  ${label.padEnd(labelWidth)}  ${probabilityText(probability)}`)
    }
  }
  if (out !== undefined) lines.push('', `outputs written to ${out}`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Runs `coreml-bridge predict`. */
export async function runPredict(path: string, given: PredictCommandOptions): Promise<void> {
  const options = readSharedOptions(given)
  if (options.out !== undefined && extname(options.out).toLowerCase() !== '.npz')
    throw new CoreMLError('ERR_ARGUMENT', `--out writes a .npz file, got ${options.out}`)
  const signal = interruptSignal()
  const progress = startProgress(`loading ${basename(path)}`)
  let model: Model | undefined
  try {
    model = await Model.load(path, {
      backend: options.backend,
      computeUnits: options.units?.[0],
      functionName: options.function,
      threads: options.threads,
      precision: options.precision,
      signal,
      onProgress: (phase) => progress.update(`${phase} ${basename(path)}`),
    })
    const cases = await readInputValues(model.inputs, options)
    if (cases.length === 1 && Object.keys(cases[0]!).length === 0 && model.inputs.some(({ optional }) => !optional)) {
      const needed = model.inputs.map((feature) => `--input ${feature.name}=… (${featureText(feature)})`).join(', ')
      throw new CoreMLError('ERR_INPUT', `no inputs are given; this model takes ${needed}`)
    }
    const count = cases.length
    const predictions = await predictAll(model, cases, { resize: options.resize, signal }, (i) =>
      progress.update(count > 1 ? `predicting ${i + 1} of ${count}` : 'predicting'),
    )
    const outputs = predictions.map((prediction) => prediction.outputs)
    const images = await saveImages(options.imageDir, outputs)
    if (options.out !== undefined) await saveNpz(options.out, outputs, model.outputs)
    progress.stop()
    if (!options.json) return print(model, path, predictions, images, options.out)
    const { backend, computeUnits, unitVerified, loadTimes, description } = model
    const result = {
      schemaVersion,
      model: path,
      backend,
      computeUnits,
      unitVerified,
      loadMilliseconds: loadTimes,
      predictions: predictions.map((prediction, i) => ({
        milliseconds: prediction.nativeNanoseconds / 1e6,
        outputs: jsonFeatures(prediction.outputs, images[i]),
        top: jsonTop(topLabels(description, prediction.outputs)),
      })),
      out: options.out,
    }
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } finally {
    progress.stop()
    await model?.dispose()
  }
}
