import { setImmediate } from 'node:timers/promises'
import { CoreMLError } from '../../../../errors.ts'
import type { Model, ModelFile } from '../../../../format/index.ts'
import { throwIfAborted } from '../../../../model/abort.ts'
import type { Tensor } from '../../../../model/tensor.ts'
import { type Features, ownCopies } from '../../../../model/values.ts'
import type { CustomLayer, LoadOptions } from '../../../backend.ts'
import type { EvaluateOptions, Evaluator } from '../../evaluator.ts'
import { NetworkLowerer } from '../lower.ts'
import { readBy } from '../scope.ts'
import { NetworkWeights } from '../weights.ts'
import { StepGraphs } from './graphs.ts'
import { evaluateCustomLayer } from './implementation.ts'
import { type BranchStep, type CustomStep, type GraphStep, graphStep, type LoopStep, type Step, stepsOf } from './steps.ts'

/** How steps ended: behind the last one, or before it at the end of an iteration or loop. */
type Outcome = 'through' | 'continue' | 'break'

/** One prediction: what its steps have computed so far. */
interface Run {
  inputs: Features
  blobs: Map<string, Tensor>
  options: EvaluateOptions
  /** What the last step gave. */
  outputs: Features
}

/**
 * A network with custom layers: graphs that onnxruntime runs, and between them the caller's implementations. Branches and loops that custom layers
 * are inside of are followed here.
 */
export class CustomLayerEvaluator implements Evaluator {
  readonly #lowerer: NetworkLowerer
  readonly #weights: NetworkWeights
  readonly #options: LoadOptions
  readonly #implementations: Record<string, CustomLayer>
  readonly #steps: readonly Step[]
  readonly #graphs = new Map<GraphStep, StepGraphs>()

  /** @throws CoreMLError ERR_CUSTOM_LAYER for a layer without implementation */
  constructor(file: ModelFile, spec: Model, options: LoadOptions) {
    this.#implementations = options.customLayers ?? {}
    this.#lowerer = new NetworkLowerer(file, spec, new Set(Object.keys(this.#implementations)))
    this.#weights = new NetworkWeights(file)
    this.#options = options
    const { network, results } = this.#lowerer
    const steps = stepsOf(network.layers, results)
    // Graphs take the inputs and give the outputs, be there layers in them or not.
    if (steps.at(0)?.kind !== 'graph') steps.unshift(graphStep([], new Set([...results, ...readBy(network.layers)])))
    if (steps.at(-1)?.kind !== 'graph') steps.push(graphStep([], results))
    this.#steps = steps
  }

  async run(inputs: Features, options: EvaluateOptions): Promise<Features> {
    const run: Run = { inputs: ownCopies(inputs), blobs: new Map(), options, outputs: {} }
    await this.#runAll(this.#steps, run)
    return run.outputs
  }

  async dispose(): Promise<void> {
    const graphs = [...this.#graphs.values()]
    this.#graphs.clear()
    await Promise.all(graphs.map((each) => each.dispose()))
  }

  async #runAll(steps: readonly Step[], run: Run): Promise<Outcome> {
    for (const step of steps) {
      throwIfAborted(run.options.signal)
      const outcome = await this.#run(step, run)
      if (outcome !== 'through') return outcome
      for (const name of run.blobs.keys()) if (!step.live.has(name)) run.blobs.delete(name)
    }
    return 'through'
  }

  async #run(step: Step, run: Run): Promise<Outcome> {
    switch (step.kind) {
      case 'graph':
        run.outputs = await this.#graphsOf(step).run(run.inputs, run.blobs, run.options)
        return 'through'
      case 'custom':
        await this.#runCustom(step, run)
        return 'through'
      case 'branch':
        return this.#runAll(isTrue(step, run.blobs) ? step.whenTrue : step.otherwise, enclosed(run))
      case 'loop':
        await this.#runLoop(step, enclosed(run))
        return 'through'
      case 'leave':
        return step.breaks ? 'break' : 'continue'
    }
  }

  async #runCustom(step: CustomStep, { blobs, options: { intermediates } }: Run): Promise<void> {
    await evaluateCustomLayer(step, this.#implementations[step.params.className]!, this.#weights, blobs)
    if (!intermediates) return
    const { wanted, values, known } = intermediates
    for (const name of step.layer.output) {
      if (wanted !== 'all' && !wanted.includes(name)) continue
      values[name] = blobs.get(name)!
      known.add(name)
    }
  }

  async #runLoop(step: LoopStep, run: Run): Promise<void> {
    const goesOn = async () => {
      await this.#runAll(step.conditionSteps, run)
      return step.condition === '' || isTrue(step, run.blobs)
    }
    const limit = limitOf(step, run.blobs)
    let holds = await goesOn()
    for (let iteration = 0; holds && iteration < limit; iteration++) {
      if ((await this.#runAll(step.body, run)) === 'break') break
      holds = await goesOn()
      // Lets an abort come in between, where nothing in the loop waits.
      await setImmediate()
    }
  }

  #graphsOf(step: GraphStep): StepGraphs {
    const known = this.#graphs.get(step)
    if (known) return known
    const place = step === this.#steps.at(0) ? 'first' : step === this.#steps.at(-1) ? 'last' : 'inner'
    const graphs = new StepGraphs(step, place, this.#lowerer, this.#options)
    this.#graphs.set(step, graphs)
    return graphs
  }
}

/** Inside branches and loops inner values cannot be asked for. */
function enclosed(run: Run): Run {
  return { ...run, options: { ...run.options, intermediates: undefined } }
}

/** The first element of a value that a branch or loop asks for. */
function numberOf(name: string, { layer }: BranchStep | LoopStep, blobs: ReadonlyMap<string, Tensor>): number {
  const tensor = blobs.get(name)
  if (tensor) return Number(tensor.data[0])
  throw new CoreMLError('ERR_MODEL_INVALID', `layer "${layer.name}" (${layer.layer.case}): nothing computes "${name}", which it asks for`)
}

/** Anything but zero is true. */
function isTrue(step: BranchStep | LoopStep, blobs: ReadonlyMap<string, Tensor>): boolean {
  return Math.abs(numberOf(step.condition, step, blobs)) > Math.fround(1e-6)
}

function limitOf(step: LoopStep, blobs: ReadonlyMap<string, Tensor>): number {
  if (step.limit !== undefined) return Math.trunc(numberOf(step.limit, step, blobs))
  return step.maxIterations > 0 || step.condition === '' ? step.maxIterations : Number.POSITIVE_INFINITY
}
