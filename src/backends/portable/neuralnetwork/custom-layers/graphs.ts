import type { FeatureDescription } from '../../../../model/description.ts'
import type { Tensor } from '../../../../model/tensor.ts'
import { type Features, isTensor } from '../../../../model/values.ts'
import type { LoadOptions } from '../../../backend.ts'
import type { EvaluateOptions } from '../../evaluator.ts'
import { forShapesThatCame, type InputShapes, type Lowered } from '../../lowered.ts'
import { OnnxEvaluator } from '../../onnx-evaluator.ts'
import { shapesOf } from '../../onnx-features.ts'
import { RecentlyUsed } from '../../recently-used.ts'
import type { NetworkLowerer, Stage } from '../lower.ts'
import { writtenBy } from '../scope.ts'
import type { GraphStep } from './steps.ts'

/** Graphs kept for each step, by the shapes of what they take. */
const keptGraphs = 8

/** How blobs are named that go into a graph, and those that come out of it, which may replace them. */
const readPort = (blob: string) => `read ${blob}`
const writtenPort = (blob: string) => `written ${blob}`

/** Where a step stands: the first one takes the model's inputs, the last one gives its outputs. */
export type Place = 'first' | 'inner' | 'last'

/** The graphs of one step: one for each set of shapes that came, because only a custom layer itself knows what shapes it gives. */
export class StepGraphs {
  readonly #step: GraphStep
  readonly #place: Place
  readonly #lowerer: NetworkLowerer
  readonly #options: LoadOptions
  readonly #graphs = new RecentlyUsed<OnnxEvaluator>(keptGraphs, (graph) => graph.dispose())
  /** Blobs that go into the graph, as far as they are there. */
  readonly #reads: ReadonlySet<string>
  /** Blobs that come out of it, if something computes them. */
  readonly #writes: readonly string[]

  constructor(step: GraphStep, place: Place, lowerer: NetworkLowerer, options: LoadOptions) {
    this.#step = step
    this.#place = place
    this.#lowerer = lowerer
    this.#options = options
    this.#reads = place === 'last' ? new Set([...step.reads, ...lowerer.results]) : step.reads
    const given = place === 'first' ? lowerer.description.inputs.map(({ name }) => name) : []
    this.#writes = [...writtenBy(step.layers, new Set(given))].filter((name) => step.live.has(name))
  }

  /** Reads the model's inputs or blobs, and writes those blobs that are read later. Gives the model's outputs, in the last step. */
  async run(inputs: Features, blobs: Map<string, Tensor>, options: EvaluateOptions): Promise<Features> {
    if (this.#place !== 'last' && this.#writes.length === 0) return {}
    const taken = [...blobs].filter(([name]) => this.#reads.has(name))
    const given = this.#place === 'first' ? inputs : Object.fromEntries(taken.map(([name, tensor]) => [readPort(name), tensor]))
    const shapes =
      this.#place === 'first'
        ? shapesOf(this.#lowerer.description, inputs)
        : Object.fromEntries(taken.map(([name, { dims }]) => [name, dims]))
    const graph = await this.#graphs.get(JSON.stringify(shapes), () => this.#load(shapes))
    const found = await graph.run(given, options)
    if (this.#place === 'last') return found
    for (const name of this.#writes) {
      const tensor = found[writtenPort(name)]
      if (isTensor(tensor)) blobs.set(name, tensor)
    }
    return {}
  }

  dispose(): Promise<void> {
    return this.#graphs.clear()
  }

  #load(shapes: InputShapes): Promise<OnnxEvaluator> {
    const { description } = this.#lowerer
    const lower = () => forShapesThatCame(() => this.#lower(shapes))
    // Only a question for inner values lowers it again.
    const first = [lower()]
    const { outputs } = first[0]!.graph
    const features = {
      inputs: this.#place === 'first' ? description.inputs : Object.keys(shapes).map((blob) => arrayFeature(readPort(blob))),
      outputs: this.#place === 'last' ? description.outputs : outputs.map(({ name }) => arrayFeature(name)),
    }
    return OnnxEvaluator.load({ ...description, ...features }, () => first.pop() ?? lower(), this.#options)
  }

  #lower(shapes: InputShapes): Lowered {
    const lowerer = this.#lowerer
    const { layers, live } = this.#step
    const stage = this.#place === 'first' ? lowerer.begin(shapes) : lowerer.resume(shapes, readPort)
    stage.lowering.lower(layers, { ...stage, live })
    return this.#place === 'last' ? lowerer.finish(stage) : this.#finish(stage)
  }

  #finish({ graph, blobs }: Stage): Lowered {
    for (const name of this.#writes) {
      const value = blobs.get(name)
      if (value) graph.output(value, writtenPort(name))
    }
    return { graph: graph.finish('part'), kind: 'neural network', states: [], values: blobs }
  }
}

/** A float32 array of any shape. */
function arrayFeature(name: string): FeatureDescription {
  return { name, description: '', optional: false, type: 'multiArray', dataType: 'float32', shape: [], flexibility: { kind: 'fixed' } }
}
