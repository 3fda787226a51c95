import { extname } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import { type ModelBytes, readModel } from '../../format/index.ts'
import { isCompiledPath } from '../../model/compiled-path.ts'
import { describeModel } from '../../model/describe.ts'
import type { ModelDescription } from '../../model/description.ts'
import type { Backend, ComputeUnits, LoadedModel, LoadOptions, Unavailable } from '../backend.ts'
import type { AppleBinding, NativeModelSource } from './binding.ts'
import { compiledModel, compileTo } from './compile.ts'
import { type MachineCondition, machineCondition } from './condition.ts'
import { nativeConfiguration } from './configuration.ts'
import { completeDescription } from './description.ts'
import { findComputeUnits } from './devices.ts'
import { type PowerCounters, readPowerCounters } from './energy.ts'
import { compiledFunctions } from './functions.ts'
import { InnerValues } from './inner-values.ts'
import { bindingAvailable, loadBinding } from './load-binding.ts'
import { AppleModel } from './model.ts'
import { native } from './native-errors.ts'

const sources = new Set(['.mlmodel', '.mlpackage', '.mlmodelc'])

let warned = false

/** An x64 Node on Apple silicon is translated, and has no Neural Engine: once a process, this is said. */
function warnOfRosetta(binding: AppleBinding): void {
  if (warned || !binding.machine().translated) return
  warned = true
  process.emitWarning('this Node is an x64 program that Rosetta translates: install an arm64 Node, every figure is wrong in this one', {
    code: 'COREML_BRIDGE_ROSETTA',
  })
}

function isCompiled(source: string | ModelBytes): boolean {
  return typeof source === 'string' && isCompiledPath(source)
}

/** Core ML's description, with what only the source file tells; where that is not there, or our own reader does not understand it, with what Core ML can tell. */
async function describe(
  told: ModelDescription,
  source: string | ModelBytes,
  functionName: string | undefined,
  compiled: { binding: AppleBinding; compiledPath: string | undefined },
): Promise<ModelDescription> {
  // Core ML has loaded it: that we cannot read it is no reason to fail.
  const read = isCompiled(source) ? undefined : await readModel(source, (file) => describeModel(file, functionName))
  if (read) return completeDescription(told, read)
  return { ...told, ...(await compiledFunctions(compiled.binding, compiled.compiledPath)) }
}

/** What the addon loads: a compiled model, or bytes. */
interface Loadable {
  native: NativeModelSource
  compile: LoadedModel['loadTimes']['compile']
  /** Absent for a model in memory. */
  compiledPath?: string
  release: () => Promise<void>
}

async function loadable(binding: AppleBinding, source: string | ModelBytes, onProgress: LoadOptions['onProgress']): Promise<Loadable> {
  if (typeof source !== 'string') {
    const compile = { unavailable: 'Core ML compiles a model in memory while it loads it' }
    return { native: { specification: source.specification, blobs: source.weights }, compile, release: async () => {} }
  }
  if (!sources.has(extname(source))) {
    throw new CoreMLError('ERR_MODEL_UNSUPPORTED', `${source}: Core ML loads .mlmodel files, .mlpackage and .mlmodelc folders`)
  }
  const { path, milliseconds, release } = await compiledModel(binding, source, () => onProgress?.('compiling'))
  const compile = milliseconds ?? { unavailable: 'the compiled model was there already' }
  return { native: { path }, compile, compiledPath: path, release }
}

async function load(source: string | ModelBytes, options: LoadOptions): Promise<LoadedModel> {
  const binding = loadBinding()
  warnOfRosetta(binding)
  const { signal, onProgress, computeUnits } = options
  signal?.throwIfAborted()
  const { native: nativeSource, compile, compiledPath, release } = await loadable(binding, source, onProgress)
  try {
    signal?.throwIfAborted()
    onProgress?.('loading')
    const configuration = nativeConfiguration(options)
    const start = performance.now()
    const handle = await native(binding.loadModel(nativeSource, configuration))
    const loadMilliseconds = performance.now() - start
    return new AppleModel({
      binding,
      handle,
      description: await describe(handle.description(), source, options.functionName, { binding, compiledPath }),
      computeUnits,
      configuration,
      unitVerified: findComputeUnits(binding.machine()).verified[computeUnits],
      loadTimes: { compile, load: loadMilliseconds },
      compiledPath,
      inner: isCompiled(source) ? undefined : new InnerValues(source, options, load),
      release,
    })
  } catch (error) {
    await release()
    throw error
  }
}

/** What this backend offers besides predictions. */
export interface AppleBackend extends Backend {
  readonly name: 'apple'
  /** Compiles `source` into the folder `destination` (which must not exist), past every cache. */
  compile(source: string, destination: string, signal?: AbortSignal): Promise<void>
  powerCounters(): Promise<PowerCounters | Unavailable>
  condition(): MachineCondition
}

/** Core ML, through the addon. */
export const appleBackend: AppleBackend = {
  name: 'apple',

  available: bindingAvailable,

  async computeUnits(): Promise<Record<ComputeUnits, true | Unavailable>> {
    return findComputeUnits(loadBinding().machine()).units
  },

  load,

  compile: async (source, destination, signal) => compileTo(loadBinding(), source, destination, signal),

  async powerCounters(): Promise<PowerCounters | Unavailable> {
    return readPowerCounters(loadBinding())
  },

  condition: () => machineCondition(loadBinding().machine()),
}
