import { CoreMLError } from '../../errors.ts'
import { type Model, pipelineOf } from '../../format/index.ts'
import { throwIfAborted } from '../../model/abort.ts'
import { allOfBatch } from '../../model/batch-element.ts'
import { type Features, noFeatures, ownCopies } from '../../model/values.ts'
import type { BackendState } from '../backend.ts'
import type { EvaluateOptions, Evaluator, EvaluatorContext, MakeEvaluator } from './evaluator.ts'

/**
 * The evaluator of a pipeline: its stages run in order; each takes its inputs by name from the pipeline's inputs and the outputs of earlier stages
 * (the latest of a name), and the pipeline's outputs are found the same way.
 *
 * @param make makes each stage's evaluator; a stage may be a pipeline again
 * @throws CoreMLError ERR_MODEL_INVALID where a stage or an output asks for a name that nothing gives
 */
export async function makePipelineEvaluator<Context extends EvaluatorContext>(
  model: Model,
  context: Context,
  make: MakeEvaluator<Context>,
): Promise<Evaluator> {
  const pipeline = pipelineOf(model)
  const { label } = context
  const invalid = (text: string) => new CoreMLError('ERR_MODEL_INVALID', `${label}: ${text}`)
  if (!pipeline || pipeline.models.length === 0) throw invalid('the pipeline has no models')
  const names = new Set(model.description?.input.map(({ name }) => name))
  const stages: Stage[] = []
  try {
    for (const [index, stage] of pipeline.models.entries()) {
      const given = pipeline.names[index]
      const stageLabel = `${label}, stage ${index + 1}${given ? ` '${given}'` : ''} (${stage.type.case ?? 'of unknown type'})`
      const inputs = stage.description?.input ?? []
      const outputs = stage.description?.output ?? []
      for (const { name, type } of inputs)
        if (!names.has(name) && !type?.isOptional)
          throw invalid(`${stageLabel} takes '${name}', which neither the pipeline's inputs nor an earlier stage gives`)
      for (const { name } of outputs) names.add(name)
      stages.push({
        inputs: inputs.map(({ name }) => name),
        hasState: (stage.description?.state.length ?? 0) > 0,
        evaluator: await make(stage, { ...context, label: stageLabel }),
      })
    }
    const outputs = model.description?.output.map(({ name }) => name) ?? []
    for (const name of outputs) if (!names.has(name)) throw invalid(`no stage gives the pipeline's output '${name}'`)
    return new PipelineEvaluator(stages, outputs, label)
  } catch (error) {
    await Promise.all(stages.map(({ evaluator }) => evaluator.dispose()))
    throw error
  }
}

interface Stage {
  inputs: string[]
  hasState: boolean
  evaluator: Evaluator
}

class PipelineEvaluator implements Evaluator {
  readonly #stages: readonly Stage[]
  readonly #outputs: readonly string[]
  /** What is read after the first stage has run. */
  readonly #later: readonly string[]
  /** There where one stage has a state: its state is the pipeline's. */
  readonly newState?: () => BackendState

  constructor(stages: readonly Stage[], outputs: readonly string[], label: string) {
    this.#stages = stages
    this.#outputs = outputs
    this.#later = [...stages.slice(1).flatMap(({ inputs }) => inputs), ...outputs]
    const stateful = stages.filter(({ hasState }) => hasState)
    if (stateful.length > 1)
      throw new CoreMLError('ERR_MODEL_UNSUPPORTED', `${label} has ${stateful.length} stages with states; the portable backend runs one`)
    const evaluator = stateful[0]?.evaluator
    if (evaluator?.newState) this.newState = () => evaluator.newState!()
  }

  async run(inputs: Features, options: EvaluateOptions): Promise<Features> {
    const values = this.#begin(inputs)
    for (const stage of this.#stages) {
      throwIfAborted(options.signal)
      Object.assign(values, await stage.evaluator.run(pick(values, stage.inputs), optionsOf(stage, options)))
    }
    return { ...pick(values, this.#outputs) }
  }

  async runBatch(inputs: readonly Features[], options: EvaluateOptions): Promise<Features[]> {
    const batch = inputs.map((one) => this.#begin(one))
    for (const stage of this.#stages) {
      const { inputs: names, evaluator } = stage
      throwIfAborted(options.signal)
      const stageOptions = optionsOf(stage, options)
      const taken = batch.map((values) => pick(values, names))
      if (evaluator.runBatch) {
        const given = await evaluator.runBatch(taken, stageOptions)
        batch.forEach((values, index) => {
          Object.assign(values, given[index])
        })
      } else {
        // All are begun before the first pause.
        const given = await allOfBatch(taken, (one) => evaluator.run(one, stageOptions))
        batch.forEach((values, index) => {
          Object.assign(values, given[index])
        })
      }
    }
    return batch.map((values) => ({ ...pick(values, this.#outputs) }))
  }

  #begin(inputs: Features): Features {
    return Object.assign(noFeatures(), inputs, ownCopies(pick(inputs, this.#later)))
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#stages.map(({ evaluator }) => evaluator.dispose()))
  }
}

/** A state goes to the stage that it belongs to. */
function optionsOf({ hasState }: Stage, options: EvaluateOptions): EvaluateOptions {
  return hasState || !options.state ? options : { ...options, state: undefined }
}

/** The named features that are there. */
function pick(values: Features, names: readonly string[]): Features {
  const picked = noFeatures()
  for (const name of names) if (values[name] !== undefined) picked[name] = values[name]
  return picked
}
