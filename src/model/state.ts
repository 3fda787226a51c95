import type { BackendState, LoadedModel } from '../backends/backend.ts'
import { CoreMLError } from '../errors.ts'
import { coerceTensor } from './coerce-tensor.ts'
import type { StateFeature } from './description.ts'
import { featureText } from './feature-text.ts'
import { didYouMean } from './suggest.ts'
import type { Tensor } from './tensor.ts'

/**
 * The memory of one sequence of predictions (Core ML's MLState), made by `model.newState()`. All zeros at first.
 * Predictions with the same state run one after another. It holds native memory: `dispose()` frees it.
 */
export class ModelState {
  readonly #features: readonly StateFeature[]
  readonly #backend: BackendState
  readonly #owner: LoadedModel
  readonly #isModelDisposed: () => boolean
  #disposed = false

  /** @internal */
  constructor(owner: LoadedModel, features: readonly StateFeature[], isModelDisposed: () => boolean) {
    this.#owner = owner
    this.#backend = owner.newState()
    this.#features = features
    this.#isModelDisposed = isModelDisposed
  }

  /** Names of the state's tensors. */
  get names(): string[] {
    return this.#features.map((feature) => feature.name)
  }

  /**
   * A copy of one of the state's tensors. Waits for running predictions with this state.
   * @throws CoreMLError ERR_ARGUMENT for an unknown name, ERR_DISPOSED
   */
  async read(name: string): Promise<Tensor> {
    const backend = this.use()
    this.#feature(name)
    return backend.read(name)
  }

  /**
   * Replaces one of the state's tensors.
   * @param value anything that `predict` takes for a multiarray of the state's shape
   * @throws CoreMLError ERR_ARGUMENT for an unknown name, ERR_INPUT for a value that does not fit, ERR_DISPOSED
   */
  async write(name: string, value: unknown): Promise<void> {
    const backend = this.use()
    return backend.write(name, coerceTensor(this.#feature(name), value))
  }

  /** Frees the memory. Does nothing the second time. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#backend.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** @internal The backend's side; an error after disposal of the state or its model. */
  use(): BackendState {
    if (this.#disposed) throw new CoreMLError('ERR_DISPOSED', 'the state was used after dispose()')
    if (this.#isModelDisposed()) throw new CoreMLError('ERR_DISPOSED', 'the state was used after its model was disposed')
    return this.#backend
  }

  /**
   * @internal Why a model with these states cannot use it, in words; undefined where it can: it made the state, or has the same ones. So a language model's
   * `prefill` and `decode`, loaded each on its own, work on one state.
   */
  misfit(owner: LoadedModel, features: readonly StateFeature[]): string | undefined {
    if (owner === this.#owner) return undefined
    if (features.length === 0) return 'the state belongs to another model, and this one has no states'
    const other = features.find(
      (feature) => !this.#features.some((own) => own.name === feature.name && featureText(own) === featureText(feature)),
    )
    return other && `the state belongs to another model, whose states differ: this one's "${other.name}" is a ${featureText(other)}`
  }

  #feature(name: string): StateFeature {
    const feature = this.#features.find((candidate) => candidate.name === name)
    if (feature) return feature
    const names = this.names
    throw new CoreMLError(
      'ERR_ARGUMENT',
      `the model has no state named "${name}"${didYouMean(String(name), names)} (states: ${names.join(', ') || 'none'})`,
    )
  }
}
