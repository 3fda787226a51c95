import { extname } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import { openModel } from '../../format/index.ts'
import { describeModel } from '../../model/describe.ts'
import type { ModelDescription } from '../../model/description.ts'
import type { Backend, ComputeUnits, LoadedModel, LoadOptions, Unavailable } from '../backend.ts'
import type { AppleBinding, NativeConfiguration } from './binding.ts'
import { compiledModel, compileTo } from './compile.ts'
import { completeDescription } from './description.ts'
import { findComputeUnits } from './devices.ts'
import { type PowerCounters, readPowerCounters } from './energy.ts'
import { InnerValues } from './inner-values.ts'
import { bindingAvailable, loadBinding } from './load-binding.ts'
import { AppleModel } from './model.ts'
import { native } from './native-errors.ts'

const sources = new Set(['.mlmodel', '.mlpackage', '.mlmodelc'])

function configurationOf(options: LoadOptions): NativeConfiguration {
  return {
    computeUnits: options.computeUnits,
    functionName: options.functionName,
    allowLowPrecisionAccumulationOnGPU: options.allowLowPrecisionAccumulationOnGPU,
    reshapeFrequency: options.optimizationHints?.reshapeFrequency,
    specializationStrategy: options.optimizationHints?.specializationStrategy,
    modelDisplayName: options.modelDisplayName,
    preferredMetalDevice: options.preferredMetalDevice,
  }
}

let warned = false

/** An x64 Node on Apple silicon is translated, and has no Neural Engine: once a process, this is said. */
function warnOfRosetta(binding: AppleBinding): void {
  if (warned || !binding.machine().translated) return
  warned = true
  process.emitWarning('this Node is an x64 program that Rosetta translates: install an arm64 Node, every figure is wrong in this one', {
    code: 'COREML_BRIDGE_ROSETTA',
  })
}

/** Core ML's description, with what only the source file tells. A file that our own reader does not understand leaves Core ML's as it is. */
async function describe(told: ModelDescription, path: string, functionName: string | undefined): Promise<ModelDescription> {
  if (extname(path) === '.mlmodelc') return told
  try {
    const file = await openModel(path)
    try {
      return completeDescription(told, describeModel(file, functionName))
    } finally {
      file.close()
    }
  } catch {
    return told
  }
}

async function load(path: string, options: LoadOptions): Promise<LoadedModel> {
  if (!sources.has(extname(path))) {
    throw new CoreMLError('ERR_MODEL_UNSUPPORTED', `${path}: Core ML loads .mlmodel files, .mlpackage and .mlmodelc folders`)
  }
  const binding = loadBinding()
  warnOfRosetta(binding)
  const { signal, onProgress, computeUnits } = options
  signal?.throwIfAborted()
  const compiled = await compiledModel(binding, path, () => onProgress?.('compiling'))
  try {
    signal?.throwIfAborted()
    onProgress?.('loading')
    const configuration = configurationOf(options)
    const start = performance.now()
    const handle = await native(binding.loadModel({ path: compiled.path }, configuration))
    const loadMilliseconds = performance.now() - start
    return new AppleModel({
      binding,
      handle,
      description: await describe(handle.description(), path, options.functionName),
      computeUnits,
      configuration,
      unitVerified: findComputeUnits(binding.machine()).verified[computeUnits],
      loadTimes: {
        compile: compiled.milliseconds ?? { unavailable: 'the compiled model was there already' },
        load: loadMilliseconds,
      },
      compiledPath: compiled.path,
      inner: extname(path) === '.mlmodelc' ? undefined : new InnerValues(path, options, load),
      release: compiled.release,
    })
  } catch (error) {
    await compiled.release()
    throw error
  }
}

/**
 * Loads a model from memory: the bytes of a `.mlmodel`, or of a package's specification with its weight files by the path that it names (macOS 15).
 * @throws CoreMLError ERR_LOAD, ERR_OS_VERSION
 */
export async function loadFromMemory(
  specification: Uint8Array,
  options: Omit<LoadOptions, 'onProgress'> & { blobs?: Record<string, Uint8Array> },
): Promise<LoadedModel> {
  const binding = loadBinding()
  warnOfRosetta(binding)
  options.signal?.throwIfAborted()
  const configuration = configurationOf(options)
  const start = performance.now()
  const handle = await native(binding.loadModel({ specification, blobs: options.blobs }, configuration))
  return new AppleModel({
    binding,
    handle,
    description: handle.description(),
    computeUnits: options.computeUnits,
    configuration,
    unitVerified: findComputeUnits(binding.machine()).verified[options.computeUnits],
    loadTimes: { compile: { unavailable: 'Core ML compiles a model from memory while it loads it' }, load: performance.now() - start },
    compiledPath: undefined,
    release: async () => {},
  })
}

/** State of the machine, as far as measuring must know it. */
export interface MachineCondition {
  thermalState: { value: 'nominal' | 'fair' | 'serious' | 'critical' } | Unavailable
  lowPowerMode: { value: boolean } | Unavailable
}

/** What this backend offers besides predictions. */
export interface AppleBackend extends Backend {
  readonly name: 'apple'
  /** Compiles `source` into the folder `destination` (which must not exist), past every cache. */
  compile(source: string, destination: string): Promise<void>
  powerCounters(): Promise<PowerCounters | Unavailable>
  condition(): MachineCondition
  /** The class that predictions run with. */
  readonly qualityOfService: string
}

/** Core ML, through the addon. */
export const appleBackend: AppleBackend = {
  name: 'apple',

  available: bindingAvailable,

  async computeUnits(): Promise<Record<ComputeUnits, true | Unavailable>> {
    return findComputeUnits(loadBinding().machine()).units
  },

  load,

  compile: (source: string, destination: string) => compileTo(loadBinding(), source, destination),

  async powerCounters(): Promise<PowerCounters | Unavailable> {
    return readPowerCounters(loadBinding())
  },

  condition(): MachineCondition {
    const { thermalState, lowPowerMode } = loadBinding().machine()
    return {
      thermalState: thermalState === 'unknown' ? { unavailable: 'the system tells no thermal state' } : { value: thermalState },
      lowPowerMode: { value: lowPowerMode },
    }
  },

  qualityOfService: 'userInitiated',
}
