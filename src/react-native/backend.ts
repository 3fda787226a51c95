import type { NativeModelSource } from '../backends/apple/binding.ts'
import { nativeConfiguration } from '../backends/apple/configuration.ts'
import { findComputeUnits } from '../backends/apple/devices.ts'
import { compiledFunctions } from '../backends/apple/functions.ts'
import { AppleModel } from '../backends/apple/model.ts'
import { native } from '../backends/apple/native-errors.ts'
import type { Backend, ComputeUnits, LoadedModel, LoadOptions, Unavailable } from '../backends/backend.ts'
import type { ModelBytes } from '../format/index.ts'
import { throwIfAborted } from '../model/abort.ts'
import { isCompiledPath } from '../model/compiled-path.ts'
import { bindingAvailable, loadBinding } from './binding.ts'

/** What the addon loads, and how to remove what was made for it. */
interface Loadable {
  native: NativeModelSource
  compile: LoadedModel['loadTimes']['compile']
  compiledPath?: string
  release: () => Promise<void>
}

const nothing = async () => {}

/** There is no cache here: what is compiled is removed with its model. Apps that load a model more than once `compile` it to a place of their own. */
async function loadable(source: string | ModelBytes, onProgress: LoadOptions['onProgress']): Promise<Loadable> {
  if (typeof source !== 'string') {
    const compile = { unavailable: 'Core ML compiles a model in memory while it loads it' }
    return { native: { specification: source.specification, blobs: source.weights }, compile, release: nothing }
  }
  if (isCompiledPath(source)) {
    const compile = { unavailable: 'the compiled model was there already' }
    return { native: { path: source }, compile, compiledPath: source, release: nothing }
  }
  const binding = loadBinding()
  onProgress?.('compiling')
  const start = performance.now()
  const path = await native(binding.compileModel(source))
  const compile = performance.now() - start
  return { native: { path }, compile, compiledPath: path, release: () => native(binding.removeCompiled(path)) }
}

async function load(source: string | ModelBytes, options: LoadOptions): Promise<LoadedModel> {
  const binding = loadBinding()
  const { signal, onProgress, computeUnits } = options
  const { native: nativeSource, compile, compiledPath, release } = await loadable(source, onProgress)
  try {
    throwIfAborted(signal)
    onProgress?.('loading')
    const configuration = nativeConfiguration(options)
    const start = performance.now()
    const handle = await native(binding.loadModel(nativeSource, configuration))
    const loadMilliseconds = performance.now() - start
    return new AppleModel({
      binding,
      handle,
      description: { ...handle.description(), ...(await compiledFunctions(binding, compiledPath)) },
      computeUnits,
      configuration,
      unitVerified: findComputeUnits(binding.machine()).verified[computeUnits],
      loadTimes: { compile, load: loadMilliseconds },
      compiledPath,
      release,
    })
  } catch (error) {
    await release()
    throw error
  }
}

/** Core ML on iOS. Without Node's file system there is neither a cache of compiled models nor anything that our own reader of models tells. */
export const backend: Backend = {
  name: 'apple',
  available: bindingAvailable,
  async computeUnits(): Promise<Record<ComputeUnits, true | Unavailable>> {
    return findComputeUnits(loadBinding().machine()).units
  },
  load,
}
