import { join } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import { exposeValues, type ModelBytes, openModel } from '../../format/index.ts'
import { writeModel } from '../../format/write.ts'
import type { Tensor } from '../../model/tensor.ts'
import { type Features, isTensor } from '../../model/values.ts'
import type { LoadedModel, LoadOptions, Prediction, PredictOptions } from '../backend.ts'
import { inScratchFolder } from './scratch-folder.ts'

interface ExposedModel {
  model: LoadedModel
  names: readonly string[]
}

/**
 * Core ML gives nothing out but outputs. For inner values the ML Program is written once more, with those values among its outputs, and that copy
 * is compiled, loaded and asked. Core ML may place and fuse its ops otherwise than the original's.
 */
export class InnerValues {
  readonly #source: string | ModelBytes
  readonly #options: LoadOptions
  readonly #load: (path: string, options: LoadOptions) => Promise<LoadedModel>
  readonly #models = new Map<string, Promise<ExposedModel>>()

  constructor(source: string | ModelBytes, options: LoadOptions, load: (path: string, options: LoadOptions) => Promise<LoadedModel>) {
    this.#source = source
    this.#options = { ...options, signal: undefined, onProgress: undefined }
    this.#load = load
  }

  /** @throws CoreMLError ERR_ARGUMENT for unknown names and for models with state, ERR_MODEL_UNSUPPORTED for other types than ML Programs */
  async predict(inputs: Features, wanted: string[] | 'all', options: PredictOptions): Promise<Prediction> {
    if (options.state !== undefined)
      throw new CoreMLError('ERR_ARGUMENT', 'intermediates: Core ML gives no inner values of a prediction with a state')
    const { model, names } = await this.#exposed(wanted)
    const { outputs, nativeNanoseconds } = await model.predict(inputs, { signal: options.signal })
    const intermediates: Record<string, Tensor> = {}
    const own: Features = { ...outputs }
    for (const name of names) {
      const value = outputs[name]
      if (value !== undefined && isTensor(value)) intermediates[name] = value
      delete own[name]
    }
    // Asked for by name, an output of the model itself is an inner value too.
    if (wanted !== 'all') for (const name of wanted) if (isTensor(own[name]!)) intermediates[name] ??= own[name] as Tensor
    return { outputs: own, nativeNanoseconds, intermediates }
  }

  async dispose(): Promise<void> {
    const models = [...this.#models.values()]
    this.#models.clear()
    await Promise.all(models.map((loading) => loading.then(({ model }) => model.dispose()).catch(() => {})))
  }

  #exposed(wanted: string[] | 'all'): Promise<ExposedModel> {
    const key = JSON.stringify(wanted)
    const known = this.#models.get(key)
    if (known) return known
    const loading = this.#make(wanted)
    this.#models.set(key, loading)
    loading.catch(() => this.#models.delete(key))
    return loading
  }

  #make(wanted: string[] | 'all'): Promise<ExposedModel> {
    return inScratchFolder(async (folder) => {
      const file = await openModel(this.#source)
      try {
        const { spec, names } = exposeValues(file, wanted, this.#options.functionName)
        const copy = join(folder, 'exposed.mlpackage')
        await writeModel(file, copy, { spec })
        return { model: await this.#load(copy, this.#options), names }
      } finally {
        file.close()
      }
    })
  }
}
