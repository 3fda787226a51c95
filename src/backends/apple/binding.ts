import type { ModelDescription } from '../../model/description.ts'
import type { ComputeUnits } from '../backend.ts'

/** Feature values as the addon takes and gives them. Integers are bigints; elements travel as bytes. */
export type NativeValue =
  | NativeArray
  | { kind: 'image'; format: 'rgba' | 'bgra' | 'gray8' | 'gray16f'; width: number; height: number; bytes: Uint8Array }
  | { kind: 'dictionary'; keys: string[] | bigint[]; values: Float64Array }
  | { kind: 'sequence'; items: string[] | bigint[]; integers: boolean }
  | { kind: 'int64'; value: bigint }
  | { kind: 'double'; value: number }
  | { kind: 'string'; value: string }

/** Row-major elements. Bytes over memory from `allocate` are used as they are, others copied before the call returns. */
export interface NativeArray {
  kind: 'array'
  type: string
  dims: readonly number[]
  bytes: Uint8Array
}

/** An array as it comes back; without `buffer` where Core ML wrote, or the addon copied, into memory from `allocate`. */
export interface NativeArrayResult {
  kind: 'array'
  type: 'float16' | 'float32' | 'float64' | 'int32' | 'int8'
  dims: number[]
  /** True where Core ML itself wrote into the caller's memory. */
  zeroCopy: boolean
  buffer?: ArrayBuffer
}

export type NativeResult =
  | NativeArrayResult
  | { kind: 'image'; format: 'bgra' | 'gray8' | 'gray16f' | 'rgba'; width: number; height: number; buffer: ArrayBuffer }
  | { kind: 'dictionary'; keys: string[] | bigint[]; values: Float64Array }
  | { kind: 'sequence'; items: string[] | bigint[] }
  | { kind: 'int64'; value: bigint }
  | { kind: 'double'; value: number }
  | { kind: 'string'; value: string }

export type NativeFeatures = Record<string, NativeValue>
export type NativeResults = Record<string, NativeResult>

/** MLModelConfiguration; what is absent keeps Core ML's default. */
export interface NativeConfiguration {
  computeUnits?: ComputeUnits
  functionName?: string
  allowLowPrecisionAccumulationOnGPU?: boolean
  reshapeFrequency?: 'frequent' | 'infrequent'
  specializationStrategy?: 'default' | 'fastPrediction'
  modelDisplayName?: string
  preferredMetalDevice?: string
  /** Most asynchronous predictions of the model under way at a time. */
  maximumOverlap?: number
}

/**
 * The path of a `.mlmodelc` folder; or a specification with its weight files (macOS 15) by the path that it names them with, less `@model_path/`.
 * Bytes are copied before the call returns.
 */
export type NativeModelSource = { path: string } | { specification: Uint8Array; blobs?: Readonly<Record<string, Uint8Array>> }

/** Lets queued work leave. */
export interface NativeCancellation {
  /** True if the work had not started; its promise rejects with ERR_ABORTED at once. A running timed loop ends after the prediction under way. */
  cancel(): boolean
}

export interface NativePredictOptions {
  /** Arrays over memory from `allocate` that Core ML shall write into. */
  backings?: Record<string, NativeArray>
  state?: NativeState
  cancellation?: NativeCancellation
}

export interface NativeState {
  read(name: string): Promise<NativeArrayResult>
  write(name: string, value: NativeArray): Promise<void>
  dispose(): void
}

export interface NativeTimedRun {
  nanoseconds: Float64Array
  elapsedMilliseconds: number
  outputs: NativeResults
  qualityOfService: string
}

/** A loaded MLModel. */
export interface NativeModel {
  predict(inputs: NativeFeatures, options?: NativePredictOptions): Promise<{ outputs: NativeResults; nanoseconds: number }>
  predictBatch(
    inputs: NativeFeatures[],
    options?: Pick<NativePredictOptions, 'cancellation'>,
  ): Promise<{ outputs: NativeResults[]; nanoseconds: number }>
  runTimed(
    inputs: NativeFeatures[],
    options: NativePredictOptions & { iterations?: number; durationMilliseconds?: number; block?: number },
  ): Promise<NativeTimedRun>
  /** At once. Core ML makes it in its turn among the predictions; where that fails, whatever uses it rejects. */
  newState(): NativeState
  /** Order of features is alphabetical; Core ML tells neither their descriptions nor default values. */
  description(): ModelDescription
  computeUnits(): ComputeUnits
  dispose(): Promise<void>
}

export interface NativePlannedOperation {
  function: string
  name: string
  operator: string
  preferred: 'cpu' | 'gpu' | 'neuralEngine' | 'unknown'
  supported: ('cpu' | 'gpu' | 'neuralEngine' | 'unknown')[]
  cost?: number
}

export interface NativeMachine {
  chip: string
  model: string
  osVersion: string
  osBuild: string
  /** True for an x64 process on Apple silicon. */
  translated: boolean
  thermalState: 'nominal' | 'fair' | 'serious' | 'critical' | 'unknown'
  lowPowerMode: boolean
  memoryBytes: number
  performanceCores: number
  efficiencyCores: number
  /** Who told the devices; 'none' where nobody did. */
  devicesFrom: 'coreml' | 'ioregistry' | 'none'
  devices: { kind: 'cpu' | 'gpu' | 'neuralEngine' | 'unknown'; name?: string; cores?: number }[]
}

export interface NativeEnergyReading {
  seconds: number
  /** True where the counters stay at zero for everything: then none of them means anything. */
  gated: boolean
  cpu?: number
  gpu?: number
  neuralEngine?: number
  memory?: number
  /** Share of the window that each activity counter spent above its lowest state. */
  activity: Record<string, number>
}

export interface NativeEnergyMeter {
  start(): void
  read(): NativeEnergyReading
}

/** Everything that the addon exports. Its errors carry `code`, and `domain`, `nativeCode` and `userInfo` where an NSError is behind them. */
export interface AppleBinding {
  loadModel(source: NativeModelSource, configuration: NativeConfiguration): Promise<NativeModel>
  /** Gives the path of a temporary `.mlmodelc` folder that belongs to the caller. */
  compileModel(path: string): Promise<string>
  /** Moves that folder to `destination`, where nothing may be. For hosts without a file system of their own, as is `removeCompiled`. */
  moveCompiled(compiled: string, destination: string): Promise<void>
  removeCompiled(compiled: string): Promise<void>
  /** Of a `.mlmodelc` folder; none for a model that has not several. Rejects with ERR_OS_VERSION before macOS 15 and iOS 18. */
  functionNames(compiledPath: string): Promise<string[]>
  computePlan(compiledPath: string, configuration: NativeConfiguration): Promise<NativePlannedOperation[]>
  machine(): NativeMachine
  /** Decodes what ImageIO reads (HEIC and others), given as bytes or by its path, upright, to rgba in sRGB. */
  decodeImage(file: Uint8Array | string): Promise<NativeResult & { kind: 'image' }>
  allocate(bytes: number): ArrayBuffer
  isAllocated(buffer: ArrayBufferLike): boolean
  newCancellation(): NativeCancellation
  /** Absent in the iOS build. */
  openEnergyMeter?(): NativeEnergyMeter
}
