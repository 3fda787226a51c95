import type { BackendName, CustomLayer, LoadOptions } from '../backends/backend.ts'
import { checkComputeUnits } from '../backends/check-compute-units.ts'
import { backendNames, selectBackend } from '../backends/select.ts'
import { orAborted, throwIfAborted } from './abort.ts'
import { BaseModel } from './base-model.ts'
import { imageFiles } from './image-files.ts'
import { checkLoadOptions, commonLoadRules } from './load-options.ts'
import { type ModelSource, modelSource } from './model-source.ts'
import { aBoolean, anObject, aPositiveInteger, type OptionRules, oneOf } from './options.ts'

/** Options of {@link Model.load}. */
export interface ModelLoadOptions extends Partial<LoadOptions> {
  /** `apple` (Core ML) or `portable` (onnxruntime on the CPU); `apple` where Core ML exists when absent. */
  backend?: BackendName
}

function isCustomLayer(value: unknown): boolean {
  const { outputShapes, evaluate } = (value ?? {}) as Partial<CustomLayer>
  return typeof outputShapes === 'function' && typeof evaluate === 'function'
}

const loadRules: OptionRules<ModelLoadOptions> = {
  ...commonLoadRules,
  backend: oneOf(backendNames),
  threads: aPositiveInteger,
  precision: oneOf(['float32', 'asDeclared']),
  isolate: aBoolean,
  customLayers: {
    expected: 'an object from class names to { outputShapes, evaluate }, which are functions',
    accepts: (value) => anObject.accepts(value) && Object.values(value as object).every(isCustomLayer),
  },
}

/**
 * A Core ML model that is ready to predict. It holds native memory until `dispose()`; an idle one never keeps the process alive.
 *
 * @example
 * const model = await Model.load('MobileNetV2.mlpackage', { computeUnits: 'cpuAndNeuralEngine' })
 * try {
 *   const { classLabel } = await model.predict({ image: './cat.jpg' })
 * } finally {
 *   await model.dispose()
 * }
 */
export class Model extends BaseModel {
  /**
   * Loads a `.mlmodel` file or a `.mlpackage` folder (a compiled `.mlmodelc` too on a Mac), or a model in memory: the bytes of a `.mlmodel`, or
   * `{ specification, weights }` of a package. Bytes are not copied: they must stay as they are until the model is disposed.
   *
   * @example
   * await Model.load(await readFile('MobileNetV2.mlmodel'))
   * await Model.load({ specification, weights: { 'weights/weight.bin': weights } })
   *
   * @throws CoreMLError ERR_FILE, ERR_MODEL_INVALID, ERR_MODEL_UNSUPPORTED, ERR_OP_UNSUPPORTED, ERR_COMPUTE_UNIT_UNAVAILABLE, ERR_BACKEND_UNAVAILABLE, …
   */
  static async load(source: ModelSource, options: ModelLoadOptions = {}): Promise<Model> {
    checkLoadOptions<ModelLoadOptions>(options, loadRules)
    const { backend: name, computeUnits = 'all', ...rest } = options
    const { signal } = options
    throwIfAborted(signal)
    const given = await modelSource(source)
    const backend = await selectBackend(name)
    await checkComputeUnits(backend, computeUnits)
    throwIfAborted(signal)
    const loading = backend.load(given, { ...rest, computeUnits })
    return new Model(await orAborted(loading, signal, (loaded) => loaded.dispose()), imageFiles)
  }
}
