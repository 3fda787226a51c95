import type { BackendName, ComputeUnits, LoadedModel, PlannedOperation, Prediction, TimedRun, Unavailable } from '../backends/backend.ts'
import { CoreMLError } from '../errors.ts'
import { type ImageInputOptions, resizeModes } from '../images/options.ts'
import { orAborted, throwIfAborted } from './abort.ts'
import { placedInBatch } from './batch-element.ts'
import { coerceInputs } from './coerce.ts'
import type { FeatureDescription, ModelDescription, StateFeature } from './description.ts'
import type { ImageReader } from './image-reader.ts'
import {
  aBoolean,
  anObject,
  aPositiveInteger,
  aPositiveNumber,
  aSignal,
  checkOptions,
  type OptionRule,
  type OptionRules,
  oneOf,
} from './options.ts'
import { checkOutputBuffers } from './output-buffers.ts'
import { ModelState } from './state.ts'
import { didYouMean } from './suggest.ts'
import type { Tensor, TensorData } from './tensor.ts'
import type { Features } from './values.ts'

/** Options of {@link Model.predict}. */
export interface ModelPredictOptions extends ImageInputOptions {
  /** A state from `newState()`: the prediction reads and changes it. */
  state?: ModelState
  /** Queued work leaves at once; a prediction that runs already ends first and its result is dropped. Either way the promise rejects with an AbortError. */
  signal?: AbortSignal
  /** The caller's own arrays, by output name: they are filled, and are the `data` of the results. */
  outputs?: Record<string, TensorData | Tensor>
  /** Names of inner values (of operations' or layers' outputs) to return besides the outputs, or `'all'`. */
  intermediates?: string[] | 'all'
}

/** Options of {@link Model.predictBatch}. */
export type ModelBatchOptions = Omit<ModelPredictOptions, 'state' | 'outputs' | 'intermediates'>

/** Options of {@link Model.runTimed}. */
export interface ModelTimedRunOptions extends ImageInputOptions {
  iterations?: number
  durationMilliseconds?: number
  /** Predictions that are one sample, in the mean; 1 when absent. Whole blocks are run. */
  block?: number
  state?: ModelState
  signal?: AbortSignal
}

const isState: OptionRule = { expected: 'a state from newState()', accepts: (value) => value instanceof ModelState }

const imageRules: OptionRules<ImageInputOptions> = {
  files: aBoolean,
  resize: oneOf(resizeModes),
  background: {
    expected: 'three numbers from 0 to 255',
    accepts: (value) =>
      Array.isArray(value) && value.length === 3 && value.every((level) => typeof level === 'number' && level >= 0 && level <= 255),
  },
}

const predictRules: OptionRules<ModelPredictOptions> = {
  ...imageRules,
  state: isState,
  signal: aSignal,
  outputs: anObject,
  intermediates: {
    expected: "an array of names or 'all'",
    accepts: (value) => value === 'all' || (Array.isArray(value) && value.every((name) => typeof name === 'string')),
  },
}

const batchRules: OptionRules<ModelBatchOptions> = { ...imageRules, signal: aSignal }

const timedRules: OptionRules<ModelTimedRunOptions> = {
  ...imageRules,
  iterations: aPositiveInteger,
  durationMilliseconds: aPositiveNumber,
  block: aPositiveInteger,
  state: isState,
  signal: aSignal,
}

/** A model that is ready to predict, whatever has loaded it: everything of `Model` but loading. */
export class BaseModel {
  readonly #loaded: LoadedModel
  readonly #images: ImageReader
  /** Predictions whose images had to be read first: the model is there until they have ended. */
  readonly #reading = new Set<Promise<unknown>>()
  #disposal: Promise<void> | undefined

  /** @internal */
  protected constructor(loaded: LoadedModel, images: ImageReader) {
    this.#loaded = loaded
    this.#images = images
  }

  /** What the model takes. */
  get inputs(): FeatureDescription[] {
    return this.#description.inputs
  }

  /** What the model gives. */
  get outputs(): FeatureDescription[] {
    return this.#description.outputs
  }

  /** The tensors that a state of this model holds; empty for a model without state. */
  get states(): StateFeature[] {
    return this.#description.states
  }

  /** The author's texts. */
  get metadata(): ModelDescription['metadata'] {
    return this.#description.metadata
  }

  /** The output that holds the label, for classifiers. */
  get predictedFeatureName(): string | undefined {
    return this.#description.predictedFeatureName
  }

  /** The output that holds the labels' probabilities, for classifiers. */
  get predictedProbabilitiesName(): string | undefined {
    return this.#description.predictedProbabilitiesName
  }

  /** The labels of a classifier, in the model's order. */
  get classLabels(): (string | number | bigint)[] | undefined {
    return this.#description.classLabels
  }

  /** Names that `functionName` takes: of a model with several functions, else none; undefined where nothing tells (a compiled model before macOS 15). */
  get functions(): string[] | undefined {
    return this.#description.functions
  }

  /** Inputs, outputs, states, functions and metadata in one plain object. */
  get description(): ModelDescription {
    return this.#description
  }

  /** The backend that runs this model. */
  get backend(): BackendName {
    return this.#loaded.backend
  }

  /** The compute units that this model may use: an allow-list, as asked for. */
  get computeUnits(): ComputeUnits {
    return this.#loaded.computeUnits
  }

  /** False where nothing could confirm that the compute unit exists on this machine. */
  get unitVerified(): boolean {
    return this.#loaded.unitVerified
  }

  /** Milliseconds that loading took, by phase. */
  get loadTimes(): { compile: number | Unavailable; load: number } {
    return this.#loaded.loadTimes
  }

  /** True once `dispose()` was called. */
  get disposed(): boolean {
    return this.#disposal !== undefined
  }

  /**
   * One prediction. Values are checked and converted to the declared types; arrays may be changed, resized or transferred as soon as this returns its promise.
   * @param inputs a value for each input name: a tensor, typed or nested array, number, string, Map, array, or for an image feature a path, file: URL,
   *   the bytes of a PNG or JPEG file, or raw pixels
   * @returns a value for each output name, in the declared types, and a tensor for each inner value that was asked for
   * @throws CoreMLError ERR_ARGUMENT, ERR_INPUT, ERR_FILE, ERR_PREDICT, ERR_DISPOSED; an AbortError
   */
  async predict(inputs: Record<string, unknown>, options: ModelPredictOptions = {}): Promise<Features> {
    checkOptions<ModelPredictOptions>('predict', options, predictRules)
    const { outputs, intermediates } = await this.#predict(inputs, options)
    return intermediates ? { ...intermediates, ...outputs } : outputs
  }

  /**
   * One prediction, with the time that the runtime itself took and the inner values apart from the outputs.
   * @throws as {@link Model.predict}
   */
  async predictDetailed(inputs: Record<string, unknown>, options: ModelPredictOptions = {}): Promise<Prediction> {
    checkOptions<ModelPredictOptions>('predictDetailed', options, predictRules)
    return this.#predict(inputs, options)
  }

  /**
   * Several predictions in one call, results in the order of the inputs. Models with state predict one at a time: use `predict`.
   * @throws as {@link Model.predict}; the message of ERR_INPUT says which element of the batch is wrong
   */
  async predictBatch(batch: Record<string, unknown>[], options: ModelBatchOptions = {}): Promise<Features[]> {
    checkOptions<ModelBatchOptions>('predictBatch', options, batchRules)
    const loaded = this.#use()
    if (!Array.isArray(batch)) throw new CoreMLError('ERR_INPUT', 'predictBatch takes an array of inputs')
    const { signal } = options
    throwIfAborted(signal)
    const predictions = await this.#afterReading(this.#coerceAll(batch, options), signal, async (ready) =>
      ready.length === 0 ? [] : loaded.predictBatch(ready, { signal }),
    )
    return predictions.map((prediction) => prediction.outputs)
  }

  /**
   * A fresh state, all zeros, for a sequence of predictions. A model without states gives an empty one, as Core ML does: predictions with it are stateless.
   * @throws CoreMLError ERR_OS_VERSION where Core ML is too old for states
   */
  newState(): ModelState {
    const loaded = this.#use()
    return new ModelState(loaded, this.states, () => this.disposed)
  }

  /** For each op or layer, the device on which it is planned to run. A plan is no trace; where none can be had, the reason. */
  async computePlan(): Promise<PlannedOperation[] | Unavailable> {
    return this.#use().computePlan()
  }

  /**
   * A tensor for the named input or output that Core ML uses without a copy: fill it and pass it to `predict`, or give it as one of `outputs`.
   * The portable backend copies it like any other array.
   * @throws CoreMLError ERR_ARGUMENT for an unknown name or a feature that is no multiarray
   */
  allocate(name: string): Tensor {
    const loaded = this.#use()
    const features = [...this.inputs, ...this.outputs]
    const feature = features.find((candidate) => candidate.name === name)
    if (!feature) {
      const names = features.map((candidate) => candidate.name)
      throw new CoreMLError('ERR_ARGUMENT', `allocate: the model has no input or output named "${name}"${didYouMean(String(name), names)}`)
    }
    if (feature.type !== 'multiArray')
      throw new CoreMLError('ERR_ARGUMENT', `allocate: "${name}" is a feature of type ${feature.type}; only multiarrays can be allocated`)
    return loaded.allocate(name)
  }

  /**
   * Predictions in a loop next to the runtime, each timed there, so that no JavaScript promise is part of a sample. Several inputs are taken in turn.
   * Ends after `iterations` or `durationMilliseconds`, whichever comes first; after one prediction when neither is given.
   */
  async runTimed(inputs: Record<string, unknown> | Record<string, unknown>[], options: ModelTimedRunOptions = {}): Promise<TimedRun> {
    checkOptions<ModelTimedRunOptions>('runTimed', options, timedRules)
    const loaded = this.#use()
    const { signal, iterations, durationMilliseconds, block } = options
    throwIfAborted(signal)
    const state = this.#stateOf(options.state)
    const list = Array.isArray(inputs) ? inputs : [inputs]
    if (list.length === 0) throw new CoreMLError('ERR_INPUT', 'runTimed needs at least one set of inputs')
    const limit = iterations === undefined && durationMilliseconds === undefined ? { iterations: 1 } : { iterations, durationMilliseconds }
    return this.#afterReading(this.#coerceAll(list, options), signal, (ready) => loaded.runTimed(ready, { ...limit, block, state, signal }))
  }

  /**
   * Waits for running predictions and frees the model. What is used afterwards rejects with ERR_DISPOSED, and on Core ML what still waits for its turn.
   * Does nothing the second time.
   */
  dispose(): Promise<void> {
    this.#disposal ??=
      this.#reading.size > 0 ? Promise.allSettled(this.#reading).then(() => this.#loaded.dispose()) : this.#loaded.dispose()
    return this.#disposal
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  get #description(): ModelDescription {
    return this.#loaded.description
  }

  #use(): LoadedModel {
    if (this.#disposal) throw new CoreMLError('ERR_DISPOSED', 'the model was used after dispose()')
    return this.#loaded
  }

  #stateOf(state: ModelState | undefined) {
    const misfit = state?.misfit(this.#loaded, this.#description.states)
    if (misfit) throw new CoreMLError('ERR_ARGUMENT', misfit)
    return state?.use()
  }

  /** Runs up to the backend's own call without a pause where no image has to be read, so that the caller's arrays are used before it can change them. */
  async #predict(inputs: Record<string, unknown>, options: ModelPredictOptions): Promise<Prediction> {
    const loaded = this.#use()
    const { signal, intermediates } = options
    throwIfAborted(signal)
    const state = this.#stateOf(options.state)
    const outputs = options.outputs && checkOutputBuffers(this.outputs, options.outputs)
    const coerced = coerceInputs(this.inputs, inputs, options, this.#images)
    return this.#afterReading(coerced, signal, (features) => loaded.predict(features, { state, signal, outputs, intermediates }))
  }

  /** Predicts with what is there, at once, or with images when they are read, unless nobody wants the result by then. */
  #afterReading<T, R>(values: T | Promise<T>, signal: AbortSignal | undefined, predict: (values: T) => Promise<R>): Promise<R> {
    if (!(values instanceof Promise)) return orAborted(predict(values), signal)
    const running = orAborted(values, signal).then((read) => orAborted(predict(read), signal))
    this.#reading.add(running)
    const forget = () => this.#reading.delete(running)
    running.then(forget, forget)
    return running
  }

  #coerceAll(batch: Record<string, unknown>[], options: ImageInputOptions): Features[] | Promise<Features[]> {
    const coerced = batch.map((inputs, index) => {
      const place = (error: unknown) => {
        throw placedInBatch(error, index, batch.length)
      }
      try {
        const features = coerceInputs(this.inputs, inputs, options, this.#images)
        return features instanceof Promise ? features.catch(place) : features
      } catch (error) {
        return place(error)
      }
    })
    return coerced.some((features) => features instanceof Promise) ? Promise.all(coerced) : (coerced as Features[])
  }
}
