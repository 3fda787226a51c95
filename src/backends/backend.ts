import type { ModelBytes } from '../format/index.ts'
import type { ModelDescription } from '../model/description.ts'
import type { Tensor, TensorData } from '../model/tensor.ts'
import type { Features } from '../model/values.ts'

/** Which hardware Core ML may use: Apple's names, an allow-list and no command. */
export type ComputeUnits = 'cpuOnly' | 'cpuAndGPU' | 'cpuAndNeuralEngine' | 'all'

/** Every value of {@link ComputeUnits}, in the order in which reports show them. */
export const allComputeUnits: readonly ComputeUnits[] = ['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all']

export type BackendName = 'apple' | 'portable'

/** Why a figure or a unit is not there. */
export interface Unavailable {
  unavailable: string
}

/** A stage of loading, as told to `onProgress`. */
export type LoadPhase = 'compiling' | 'loading'

/** Everything that a backend can be told when it loads a model. */
export interface LoadOptions {
  computeUnits: ComputeUnits
  /** The function of a multi-function ML Program; its default function when absent. */
  functionName?: string
  signal?: AbortSignal
  onProgress?: (phase: LoadPhase) => void

  /** Portable: threads of one prediction, at most one for each core; onnxruntime's default (one a physical core) when absent. */
  threads?: number
  /** Portable: 'float32' computes float16 values in float32 (the reference); 'asDeclared' rounds each to float16 as the program says. */
  precision?: 'float32' | 'asDeclared'
  /** Portable: run onnxruntime in a child process. */
  isolate?: boolean
  /** Portable: implementations of custom layers, by class name. */
  customLayers?: Record<string, CustomLayer>

  /** Apple: MLModelConfiguration.allowLowPrecisionAccumulationOnGPU. */
  allowLowPrecisionAccumulationOnGPU?: boolean
  /** Apple: MLOptimizationHints. */
  optimizationHints?: { reshapeFrequency?: 'frequent' | 'infrequent'; specializationStrategy?: 'default' | 'fastPrediction' }
  /** Apple: MLModelConfiguration.modelDisplayName. */
  modelDisplayName?: string
  /** Apple: name of the preferred Metal device. */
  preferredMetalDevice?: string
}

/** A caller's implementation of a NeuralNetwork custom layer: pure functions over tensors. */
export interface CustomLayer {
  /** Shapes of the outputs for shapes of the inputs. */
  outputShapes(inputShapes: readonly (readonly number[])[], parameters: Record<string, unknown>): number[][]
  /** Computes the outputs (float32, row-major) from the inputs. */
  evaluate(inputs: Tensor[], parameters: Record<string, unknown>, weights: Uint8Array[]): Tensor[] | Promise<Tensor[]>
}

/** Everything that a backend can be told when it predicts. */
export interface PredictOptions {
  state?: BackendState
  signal?: AbortSignal
  /** The caller's own arrays, by output name, to be filled with the results. */
  outputs?: Record<string, TensorData>
  /** Inner values to return besides the outputs, by op output name. */
  intermediates?: string[] | 'all'
}

/** What one prediction gives. */
export interface Prediction {
  outputs: Features
  /** Nanoseconds around the runtime's own call, measured next to it. */
  nativeNanoseconds: number
  /** Inner values by name, when asked for. */
  intermediates?: Record<string, Tensor>
}

/** Samples of a loop that ran next to the runtime, not through JavaScript promises. */
export interface TimedRun {
  /** Nanoseconds of each prediction, in order; with blocks, of a prediction in the mean of each block. */
  nanoseconds: Float64Array
  /** Start of the loop and its end, milliseconds of wall clock since its own start. */
  elapsedMilliseconds: number
  outputs: Features
  /** Apple: quality of service that the loop ran with, as the system told it. */
  qualityOfService?: string
}

/** When {@link LoadedModel.runTimed} ends: after so many predictions, or so many milliseconds, whichever comes first; at least one prediction. */
export interface TimedRunOptions {
  iterations?: number
  durationMilliseconds?: number
  /** Predictions that are one sample (their mean); 1 when absent. Whole blocks are run. */
  block?: number
  state?: BackendState
  signal?: AbortSignal
}

/** State of one sequence of predictions. */
export interface BackendState {
  read(name: string): Promise<Tensor>
  write(name: string, value: Tensor): Promise<void>
  dispose(): void
}

/** How one op or layer is planned to run. A plan is no trace. */
export interface PlannedOperation {
  name: string
  operator: string
  preferred: 'cpu' | 'gpu' | 'neuralEngine' | 'unknown'
  supported: ('cpu' | 'gpu' | 'neuralEngine')[]
  /** Share of the estimated cost, 0…1. */
  cost: number | Unavailable
}

/** A model that is ready to predict. Feature values are already checked against `description` and converted to the declared types. */
export interface LoadedModel {
  readonly backend: BackendName
  readonly computeUnits: ComputeUnits
  /** False where nothing could confirm that the unit exists on this machine. */
  readonly unitVerified: boolean
  readonly description: ModelDescription
  /** Milliseconds that loading took, by phase. */
  readonly loadTimes: { compile: number | Unavailable; load: number }
  predict(inputs: Features, options: PredictOptions): Promise<Prediction>
  predictBatch(inputs: Features[], options: PredictOptions): Promise<Prediction[]>
  runTimed(inputs: Features[], options: TimedRunOptions): Promise<TimedRun>
  newState(): BackendState
  computePlan(): Promise<PlannedOperation[] | Unavailable>
  /** An array for the named input or output that the backend can use without a copy. */
  allocate(name: string): Tensor
  dispose(): Promise<void>
}

/** One road to a prediction. */
export interface Backend {
  readonly name: BackendName
  /** `true`, or why this backend cannot run here. */
  available(): true | Unavailable
  /** For each compute unit: `true` or why it is not there. */
  computeUnits(): Promise<Record<ComputeUnits, true | Unavailable>>
  /** Loads the model at a path, or one in memory, whose bytes stay as they are until it is disposed. */
  load(source: string | ModelBytes, options: LoadOptions): Promise<LoadedModel>
}
