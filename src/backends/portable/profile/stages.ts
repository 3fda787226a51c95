import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Features } from '../../../model/values.ts'
import type { EvaluateOptions, Evaluator } from '../evaluator.ts'
import type { OnnxEvaluator } from '../onnx-evaluator.ts'
import { type NodeTime, readTimes, type StageTimes } from './trace.ts'

/** A stage of a pipeline, or a whole model, that is profiled. */
export interface Stage {
  readonly evaluator: Evaluator
  /** Ends the profile: means over the last `predictions`, of which there were `warmUp` more. */
  times(predictions: number, warmUp: number): Promise<StageTimes>
}

/** What runs as an ONNX graph: onnxruntime measures each node, in files that begin with `prefix`. */
export class GraphStage implements Stage {
  readonly evaluator: OnnxEvaluator
  readonly #prefix: string

  constructor(evaluator: OnnxEvaluator, prefix: string) {
    this.evaluator = evaluator
    this.#prefix = prefix
  }

  async times(predictions: number, warmUp: number): Promise<StageTimes> {
    await this.evaluator.endProfile()
    const folder = dirname(this.#prefix)
    // A model that is lowered for each shape writes one file a session; the one with the predictions is the last.
    const file = (await readdir(folder))
      .filter((name) => name.startsWith(basename(this.#prefix)))
      .sort()
      .at(-1)!
    return readTimes(join(folder, file), predictions, warmUp)
  }
}

/** What runs in JavaScript: a single node. */
export class ClassicStage implements Stage {
  readonly evaluator: Evaluator
  readonly #node: Omit<NodeTime, 'milliseconds'>
  readonly #milliseconds: number[] = []

  constructor(evaluator: Evaluator, node: Omit<NodeTime, 'milliseconds'>) {
    this.#node = node
    this.evaluator = {
      run: async (inputs: Features, options: EvaluateOptions) => {
        const start = performance.now()
        const outputs = await evaluator.run(inputs, options)
        this.#milliseconds.push(performance.now() - start)
        return outputs
      },
      dispose: () => evaluator.dispose(),
    }
  }

  async times(predictions: number): Promise<StageTimes> {
    const milliseconds = this.#milliseconds.slice(-predictions).reduce((sum, each) => sum + each, 0) / predictions
    return { milliseconds, nodes: [{ ...this.#node, milliseconds }] }
  }
}
