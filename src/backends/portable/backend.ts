import { setImmediate } from 'node:timers/promises'
import { CoreMLError } from '../../errors.ts'
import { type ModelBytes, type ModelFile, openModel } from '../../format/index.ts'
import { throwIfAborted } from '../../model/abort.ts'
import { allOfBatch } from '../../model/batch-element.ts'
import { describeModel } from '../../model/describe.ts'
import type { ModelDescription } from '../../model/description.ts'
import { fillOutputBuffers } from '../../model/output-buffers.ts'
import { allocate, elementCount, type Tensor } from '../../model/tensor.ts'
import { type Features, ownCopies } from '../../model/values.ts'
import type {
  Backend,
  BackendState,
  ComputeUnits,
  LoadedModel,
  LoadOptions,
  PlannedOperation,
  Prediction,
  PredictOptions,
  TimedRun,
  TimedRunOptions,
  Unavailable,
} from '../backend.ts'
import { EmptyState } from './empty-state.ts'
import type { EvaluateOptions, Evaluator } from './evaluator.ts'
import { makeEvaluator } from './make-evaluator.ts'
import { timedLoop } from './timed-loop.ts'

/** Longest time that a loop of predictions keeps the event loop, milliseconds, where they are computed on this thread; longer where one takes longer. */
const slice = 10

/** Runs Core ML models where there is no Core ML: NeuralNetworks and ML Programs with onnxruntime on the CPU, classic models in TypeScript. */
export const portableBackend: Backend = {
  name: 'portable',

  // Without onnxruntime classic models still run; the others say what is missing when they are loaded.
  available: () => true,

  async computeUnits() {
    const unavailable = (unit: string): Unavailable => ({ unavailable: `the portable backend computes on the CPU only: it has no ${unit}` })
    return { cpuOnly: true, cpuAndGPU: unavailable('GPU'), cpuAndNeuralEngine: unavailable('Neural Engine'), all: true }
  },

  async load(source: string | ModelBytes, options: LoadOptions): Promise<LoadedModel> {
    throwIfAborted(options.signal)
    options.onProgress?.('loading')
    const start = performance.now()
    const file = await openModel(source)
    try {
      const description = describeModel(file, options.functionName)
      const evaluator = await makeEvaluator(file.spec, { options, label: 'model', file, functionName: options.functionName })
      return new PortableModel(file, description, evaluator, options.computeUnits, performance.now() - start)
    } catch (error) {
      await file.close()
      throw error
    }
  },
}

class PortableModel implements LoadedModel {
  readonly backend = 'portable'
  readonly computeUnits: ComputeUnits
  readonly unitVerified = true
  readonly description: ModelDescription
  readonly loadTimes: LoadedModel['loadTimes']
  readonly #file: ModelFile
  readonly #evaluator: Evaluator

  constructor(file: ModelFile, description: ModelDescription, evaluator: Evaluator, computeUnits: ComputeUnits, load: number) {
    this.#file = file
    this.#evaluator = evaluator
    this.description = description
    this.computeUnits = computeUnits
    this.loadTimes = { compile: { unavailable: 'the portable backend has no compiled form: it lowers the model at each load' }, load }
  }

  async predict(inputs: Features, options: PredictOptions): Promise<Prediction> {
    const evaluation = evaluationOf(options)
    const outputs = await this.#evaluator.run(inputs, evaluation)
    requireInner(evaluation)
    return predictionOf(options.outputs ? fillOutputBuffers(outputs, options.outputs) : outputs, evaluation)
  }

  async predictBatch(batch: Features[], options: PredictOptions): Promise<Prediction[]> {
    const { runBatch } = this.#evaluator
    if (!runBatch || options.intermediates) return allOfBatch(batch, (inputs) => this.predict(inputs, options))
    const evaluation = evaluationOf(options)
    const outputs = await this.#evaluator.runBatch!(batch, evaluation)
    evaluation.timing.nanoseconds /= batch.length
    return outputs.map((each) => predictionOf(each, evaluation))
  }

  async runTimed(inputs: Features[], options: TimedRunOptions): Promise<TimedRun> {
    if (this.#evaluator.runTimed) return this.#evaluator.runTimed(inputs, options)
    const own = inputs.map(ownCopies)
    let outputs: Features = {}
    let resumed = performance.now()
    const times = await timedLoop(options, async (index) => {
      if (performance.now() - resumed > slice) {
        await setImmediate()
        resumed = performance.now()
      }
      throwIfAborted(options.signal)
      const begin = process.hrtime.bigint()
      outputs = await this.#evaluator.run(own[index % own.length]!, { state: options.state })
      return Number(process.hrtime.bigint() - begin)
    })
    return { ...times, outputs }
  }

  /** As in Core ML, a model without states gives an empty one, with which predictions are stateless. */
  newState(): BackendState {
    return this.#evaluator.newState?.() ?? new EmptyState()
  }

  async computePlan(): Promise<PlannedOperation[] | Unavailable> {
    return { unavailable: "compute plans are Core ML's: the portable backend runs every op on the CPU" }
  }

  allocate(name: string): Tensor {
    const feature = [...this.description.inputs, ...this.description.outputs].find((each) => each.name === name)
    if (feature?.type !== 'multiArray') throw new CoreMLError('ERR_ARGUMENT', `allocate: the model has no multiarray feature "${name}"`)
    return { type: feature.dataType, data: allocate(feature.dataType, elementCount(feature.shape)), dims: feature.shape }
  }

  async dispose(): Promise<void> {
    await this.#evaluator.dispose()
    await this.#file.close()
  }
}

type Evaluation = EvaluateOptions & { timing: { nanoseconds: number } }

function evaluationOf({ state, signal, intermediates }: PredictOptions): Evaluation {
  const timing = { nanoseconds: 0 }
  return {
    state,
    signal,
    timing,
    ...(intermediates && { intermediates: { wanted: intermediates, values: {}, known: new Set(), enclosed: new Set() } }),
  }
}

/** Every inner value that was asked for by name has to be in the model, in whichever stage of a pipeline. */
function requireInner({ intermediates }: Evaluation): void {
  if (!intermediates || intermediates.wanted === 'all') return
  const missing = intermediates.wanted.find((name) => !intermediates.known.has(name))
  if (missing === undefined) return
  const problem = intermediates.enclosed.has(missing)
    ? `the inner value "${missing}" is inside a branch or loop: those cannot be asked for`
    : `the model has no inner value "${missing}"`
  throw new CoreMLError('ERR_ARGUMENT', problem)
}

function predictionOf(outputs: Features, { timing, intermediates }: Evaluation): Prediction {
  return { outputs, nativeNanoseconds: timing.nanoseconds, ...(intermediates && { intermediates: intermediates.values }) }
}
