import { BareObject } from '../../bare-object.ts'
import { CoreMLError } from '../../errors.ts'
import type { ModelDescription } from '../../model/description.ts'
import { bytesOf, elementCount, elementSize, type Tensor, type TensorData, typedArray } from '../../model/tensor.ts'
import { type Features, isTensor } from '../../model/values.ts'
import type {
  ComputeUnits,
  LoadedModel,
  PlannedOperation,
  Prediction,
  PredictOptions,
  TimedRun,
  TimedRunOptions,
  Unavailable,
} from '../backend.ts'
import type { AppleBinding, NativeArray, NativeConfiguration, NativeModel, NativePredictOptions, NativeResults } from './binding.ts'
import type { InnerValues } from './inner-values.ts'
import { native, nativeNow } from './native-errors.ts'
import { fromNativeResults, toNativeArray, toNativeFeatures } from './native-values.ts'
import { readComputePlan } from './plan.ts'
import { AppleState, nativeState } from './state.ts'

/** What {@link AppleModel} is made of. */
export interface AppleModelParts {
  binding: AppleBinding
  handle: NativeModel
  description: ModelDescription
  computeUnits: ComputeUnits
  configuration: NativeConfiguration
  unitVerified: boolean
  loadTimes: LoadedModel['loadTimes']
  /** The `.mlmodelc` folder; undefined for a model from memory. */
  compiledPath: string | undefined
  /** Gives inner values of models that came from a source file. */
  inner?: InnerValues
  /** Removes what was made for this model alone. */
  release: () => Promise<void>
}

/** A model that Core ML has loaded. */
export class AppleModel implements LoadedModel {
  readonly backend = 'apple'
  readonly computeUnits: ComputeUnits
  readonly unitVerified: boolean
  readonly description: ModelDescription
  readonly loadTimes: LoadedModel['loadTimes']
  readonly #parts: AppleModelParts
  #disposal: Promise<void> | undefined

  constructor(parts: AppleModelParts) {
    this.#parts = parts
    this.computeUnits = parts.computeUnits
    this.unitVerified = parts.unitVerified
    this.description = parts.description
    this.loadTimes = parts.loadTimes
  }

  /** Inputs are taken over (copied, unless they lie in memory from `allocate`) before this returns its promise. */
  async predict(inputs: Features, options: PredictOptions): Promise<Prediction> {
    if (options.intermediates !== undefined) {
      const { inner } = this.#parts
      if (inner) return inner.predict(inputs, options.intermediates, options)
      throw new CoreMLError('ERR_ARGUMENT', 'intermediates: they need the .mlpackage that the model was made from')
    }
    const { outputs: given = {} } = options
    const backings = this.#backings(given, inputs)
    const { result, nanoseconds } = await this.#cancellable(options, (cancellable) => {
      const nativeOptions = { ...cancellable, state: nativeState(options.state), backings }
      return this.#parts.handle
        .predict(toNativeFeatures(inputs, this.description), nativeOptions)
        .then(({ outputs, nanoseconds }) => ({ result: outputs, nanoseconds }))
    })
    const outputs = fromNativeResults(result, this.description, given)
    return { outputs: this.#fill(outputs, result, given), nativeNanoseconds: nanoseconds }
  }

  async predictBatch(inputs: Features[], options: PredictOptions): Promise<Prediction[]> {
    const features = inputs.map((each) => toNativeFeatures(each, this.description))
    const { outputs, nanoseconds } = await this.#cancellable(options, (cancellable) =>
      this.#parts.handle.predictBatch(features, cancellable),
    )
    // Core ML times the batch as one: each prediction's part is its share.
    return outputs.map((results) => ({
      outputs: fromNativeResults(results, this.description),
      nativeNanoseconds: nanoseconds / outputs.length,
    }))
  }

  async runTimed(inputs: Features[], options: TimedRunOptions): Promise<TimedRun> {
    const { iterations, durationMilliseconds, block } = options
    const features = inputs.map((each) => toNativeFeatures(each, this.description))
    const state = nativeState(options.state)
    const run = await this.#cancellable(options, (cancellable) =>
      this.#parts.handle.runTimed(features, { ...cancellable, state, iterations, durationMilliseconds, block }),
    )
    return { ...run, outputs: fromNativeResults(run.outputs, this.description) }
  }

  newState(): AppleState {
    return new AppleState(nativeNow(() => this.#parts.handle.newState()))
  }

  async computePlan(): Promise<PlannedOperation[] | Unavailable> {
    const { binding, compiledPath, configuration } = this.#parts
    if (compiledPath === undefined) return { unavailable: 'Core ML plans compiled models on disk, and this one was loaded from memory' }
    return readComputePlan(binding, compiledPath, configuration)
  }

  allocate(name: string): Tensor {
    const feature = [...this.description.inputs, ...this.description.outputs].find((candidate) => candidate.name === name)
    if (feature?.type !== 'multiArray') throw new CoreMLError('ERR_ARGUMENT', `allocate: "${name}" is no multiarray of the model`)
    const { dataType, shape } = feature
    const buffer = nativeNow(() => this.#parts.binding.allocate(elementCount(shape) * elementSize[dataType]))
    return { type: dataType, dims: shape, data: typedArray(dataType, buffer) }
  }

  dispose(): Promise<void> {
    this.#disposal ??= Promise.all([native(this.#parts.handle.dispose()), this.#parts.inner?.dispose()]).then(this.#parts.release)
    return this.#disposal
  }

  /** The caller's arrays that lie in memory from `allocate`: Core ML may write into those itself, but not where it reads an input. */
  #backings(given: Record<string, TensorData>, inputs: Features): Record<string, NativeArray> {
    const backings: Record<string, NativeArray> = new BareObject()
    const read = new Set(Object.values(inputs).map((value) => isTensor(value) && value.data.buffer))
    for (const [name, data] of Object.entries(given)) {
      const feature = this.description.outputs.find((output) => output.name === name)
      if (feature?.type !== 'multiArray' || !this.#parts.binding.isAllocated(data.buffer) || read.has(data.buffer)) continue
      // A shape that is not declared is empty; one that varies may be another than the declared one, which Core ML need not forgive.
      if (feature.flexibility.kind === 'fixed' && feature.shape.length > 0 && elementCount(feature.shape) === data.length)
        backings[name] = toNativeArray(feature.dataType, feature.shape, data)
    }
    return backings
  }

  /** Other arrays of the caller's are filled here, on the JavaScript thread, where he cannot be changing them. */
  #fill(outputs: Features, results: NativeResults, given: Record<string, TensorData>): Features {
    for (const [name, data] of Object.entries(given)) {
      const result = results[name]
      if (result?.kind !== 'array') continue
      // Too small from the beginning, or by now: its owner may have given the memory away.
      if (data.byteLength < elementCount(result.dims) * elementSize[result.type]) {
        throw new CoreMLError(
          'ERR_ARGUMENT',
          `outputs: "${name}" came with ${elementCount(result.dims)} elements (${result.dims.join(' × ')}), the array given for it has ${data.length}`,
        )
      }
      if (!result.buffer) continue
      bytesOf(data).set(new Uint8Array(result.buffer))
      const used = data.subarray(0, elementCount(result.dims)) as TensorData
      outputs[name] = { type: result.type, dims: result.dims, data: used.length === data.length ? data : used }
    }
    return outputs
  }

  /** Runs native work that leaves the queue when the signal is aborted. */
  async #cancellable<T>(
    { signal }: { signal?: AbortSignal },
    start: (options: Pick<NativePredictOptions, 'cancellation'>) => Promise<T>,
  ): Promise<T> {
    if (this.#disposal) throw new CoreMLError('ERR_DISPOSED', 'the model was used after dispose()')
    if (!signal) return native(nativeNow(() => start({})))
    const cancellation = this.#parts.binding.newCancellation()
    const cancel = () => void cancellation.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return await native(nativeNow(() => start({ cancellation })))
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}
