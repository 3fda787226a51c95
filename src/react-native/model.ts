import { checkComputeUnits } from '../backends/check-compute-units.ts'
import type { ModelBytes } from '../format/index.ts'
import { orAborted, throwIfAborted } from '../model/abort.ts'
import { BaseModel } from '../model/base-model.ts'
import { type CommonLoadOptions, checkLoadOptions, commonLoadRules } from '../model/load-options.ts'
import { modelBytes } from '../model/model-bytes.ts'
import { backend } from './backend.ts'
import { filePath } from './file-path.ts'
import { images } from './images.ts'

/** Options of {@link Model.load}. */
export type ModelLoadOptions = Partial<CommonLoadOptions>

/**
 * A Core ML model that is ready to predict, on iOS. It holds native memory until `dispose()`.
 *
 * Its feature descriptions are Core ML's own: in alphabetical order, without descriptions and default values.
 */
export class Model extends BaseModel {
  /**
   * Loads a compiled `.mlmodelc` folder (of the app's bundle, or of {@link compile}), or a `.mlmodel` file or `.mlpackage` folder, which Core ML compiles
   * first, each time; or a model in memory: the bytes of a `.mlmodel`, or `{ specification, weights }` of a package (iOS 18).
   * @param source an absolute path or a `file:` URL (as text or as a URL object), or bytes
   * @throws CoreMLError ERR_ARGUMENT, ERR_COMPILE, ERR_LOAD, ERR_COMPUTE_UNIT_UNAVAILABLE, ERR_BACKEND_UNAVAILABLE, ERR_OS_VERSION; an AbortError
   */
  static async load(source: string | URL | Uint8Array | ModelBytes, options: ModelLoadOptions = {}): Promise<Model> {
    checkLoadOptions<ModelLoadOptions>(options, commonLoadRules)
    const { computeUnits = 'all', signal } = options
    throwIfAborted(signal)
    const given = modelBytes(source) ?? filePath(source, 'Model.load: the first argument')
    await checkComputeUnits(backend, computeUnits)
    const loading = backend.load(given, { ...options, computeUnits })
    return new Model(await orAborted(loading, signal, (loaded) => loaded.dispose()), images)
  }
}
