import type { Model } from '../../format/index.ts'
import type { Tensor } from '../../model/tensor.ts'
import type { Features } from '../../model/values.ts'
import type { BackendState, LoadOptions, TimedRun, TimedRunOptions } from '../backend.ts'

/** What one evaluation can be told; pipelines pass it on to every stage. */
export interface EvaluateOptions {
  state?: BackendState
  signal?: AbortSignal
  /**
   * Inner values to collect, by name: `wanted` says which, `values` receives them, `known` the names that there are: constants have no values.
   * `enclosed` receives those that are wanted and inside a branch or loop.
   */
  intermediates?: { wanted: string[] | 'all'; values: Record<string, Tensor>; known: Set<string>; enclosed: Set<string> }
  /** Receives the time that the computation itself took; stages add up. */
  timing?: { nanoseconds: number }
}

/**
 * A model, or a stage of a pipeline, ready to compute. Feature values are canonical (src/model/values.ts).
 *
 * Inputs may be views of the caller's memory, which the caller may change once it has its promise: what an evaluator reads after its first pause it
 * copies before (`ownCopies`), and no output shares memory with an input.
 */
export interface Evaluator {
  /** Computes the outputs. `inputs` may hold more features than the model takes; optional ones may be absent. */
  run(inputs: Features, options: EvaluateOptions): Promise<Features>
  /** Computes many at once, where that is faster than one after another. */
  runBatch?(inputs: readonly Features[], options: EvaluateOptions): Promise<Features[]>
  /** Computes in a loop next to the runtime, where there is one. */
  runTimed?(inputs: readonly Features[], options: TimedRunOptions): Promise<TimedRun>
  /** A fresh state, for models that have one. */
  newState?(): BackendState
  dispose(): Promise<void>
}

/** What making an evaluator needs besides the spec itself. */
export interface EvaluatorContext {
  readonly options: LoadOptions
  /** How messages name this model: 'model', or the stage of a pipeline. */
  readonly label: string
}

/** Makes the evaluator of one spec model; pipelines call it for each stage, with the context that they were given and the stage's own label. */
export type MakeEvaluator<Context extends EvaluatorContext = EvaluatorContext> = (spec: Model, context: Context) => Promise<Evaluator>
