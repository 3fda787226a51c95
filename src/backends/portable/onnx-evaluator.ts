import { CoreMLError } from '../../errors.ts'
import type { ModelDescription } from '../../model/description.ts'
import type { Tensor, TensorData } from '../../model/tensor.ts'
import { type Features, isTensor, ownCopies } from '../../model/values.ts'
import type { BackendState, LoadOptions, TimedRun, TimedRunOptions } from '../backend.ts'
import type { EvaluateOptions, Evaluator } from './evaluator.ts'
import {
  defaultsMisfit,
  forShapesThatCame,
  type InputShapes,
  type Lower,
  type Lowered,
  type LoweredState,
  UndeclaredShapeError,
} from './lowered.ts'
import { encodeModel } from './onnx/encode.ts'
import type { Port } from './onnx/graph.ts'
import { optimize } from './onnx/passes/index.ts'
import { type Dim, UnknownDimensionError } from './onnx/value.ts'
import { type FeaturePort, featurePorts, featuresOf, feedsOf, largestDims, shapesOf } from './onnx-features.ts'
import { RecentlyUsed } from './recently-used.ts'
import { type RuntimeClient, runtimeClient } from './runtime/client.ts'
import type { PortValue } from './runtime/messages.ts'
import { requireOnnxRuntime } from './runtime/package.ts'
import { PortableState } from './state.ts'

/** Sessions kept for models that are lowered anew for each set of input shapes. */
const specialisedSessions = 8

/** As many runs as are under way when predictions follow each other closely: one runs, one is sent, and one is being prepared. */
const sparesKept = 3

/** Models in the words of Core ML's own error of a failed prediction, which programs may look for. */
const phrases: Record<Lowered['kind'], string> = { 'ML Program': 'ML Program', 'neural network': 'a neural network model' }

/** A graph that onnxruntime has loaded. */
interface Loaded {
  session: number
  kind: Lowered['kind']
  classifier: Lowered['classifier']
  /** What is fed, in the order of the feeds. */
  inputs: FeaturePort[]
  /** What comes back, in the order of the outputs. */
  outputs: Port[]
  /** Graph output → name of the inner value, when some were asked for. */
  inner: Record<string, string>
  /** Names of inner values that were asked for and are there. */
  known: string[]
  /** Names that were asked for and are inside a branch or loop. */
  enclosed: string[]
}

/** A prediction that can be asked for: the tensors are handed over to another thread. */
interface Prepared {
  loaded: Loaded
  feeds: PortValue[]
}

/** Runs lowered models with onnxruntime: NeuralNetworks and ML Programs. */
export class OnnxEvaluator implements Evaluator {
  readonly #description: ModelDescription
  readonly #lower: Lower
  readonly #options: LoadOptions
  readonly #client: RuntimeClient
  readonly #profile: string | undefined
  /** One session for every shape; absent when the model has to be lowered for given shapes. */
  #general: Loaded | undefined
  readonly #sessions = new RecentlyUsed<Loaded>(specialisedSessions, ({ session }) => this.#release(session))
  /** Feeds of runs that have ended, whose memory the next ones fill: fresh memory costs more than the copy into it. */
  readonly #spare: TensorData[][] = []

  private constructor(description: ModelDescription, lower: Lower, options: LoadOptions, profile: string | undefined) {
    this.#description = description
    this.#lower = lower
    this.#options = options
    this.#client = runtimeClient(options.isolate)
    this.#profile = profile
  }

  /** Lowers the model and makes its session. With `profile`, onnxruntime writes its profile to files of that prefix. @throws CoreMLError */
  static async load(
    description: ModelDescription,
    lower: Lower,
    options: LoadOptions,
    { profile }: { profile?: string } = {},
  ): Promise<OnnxEvaluator> {
    requireOnnxRuntime()
    if (description.outputs.length === 0) throw new CoreMLError('ERR_MODEL_INVALID', 'the model describes no outputs')
    const evaluator = new OnnxEvaluator(description, lower, options, profile)
    try {
      evaluator.#general = await evaluator.#load(lower(), undefined, options.signal)
    } catch (error) {
      if (error instanceof UndeclaredShapeError) {
        evaluator.#general = undefined
        return evaluator
      }
      const open = description.inputs.some(
        (feature) => (feature.type === 'multiArray' || feature.type === 'image') && feature.flexibility.kind !== 'fixed',
      )
      const specialise = error instanceof UnknownDimensionError || (open && error instanceof CoreMLError && error.code === 'ERR_LOAD')
      if (!specialise) throw error
      // The default shapes show now whether the model can be run at all, unless it cannot be for them alone.
      const shapes = defaultShapes(description)
      try {
        await evaluator.#specialised(shapes, options.signal)
      } catch (misfit) {
        if (!(misfit instanceof CoreMLError)) throw misfit
        if (misfit.code !== 'ERR_INPUT') throw open ? defaultsMisfit(shapes, misfit) : misfit
      }
    }
    return evaluator
  }

  async run(inputs: Features, options: EvaluateOptions): Promise<Features> {
    const prepared = this.#prepare(inputs, options.intermediates?.wanted, options.signal)
    const { loaded, feeds } = prepared instanceof Promise ? await prepared : prepared
    const answer = await this.#compute(loaded, options.state, (state) => {
      const request = { session: loaded.session, feeds, state, returnFeeds: this.#client.movesBuffers }
      return this.#client.ask({ kind: 'run', ...request }, buffersOf(feeds), options.signal)
    })
    if (answer.feeds && this.#spare.length < sparesKept) this.#spare.push(answer.feeds)
    if (options.timing) options.timing.nanoseconds += answer.nanoseconds
    const results = resultsOf(loaded, answer.outputs)
    for (const [output, name] of Object.entries(loaded.inner)) options.intermediates!.values[name] = results[output]!
    for (const name of loaded.known) options.intermediates!.known.add(name)
    for (const name of loaded.enclosed) options.intermediates!.enclosed.add(name)
    return featuresOf(this.#description, results, loaded.classifier)
  }

  async runTimed(inputs: readonly Features[], options: TimedRunOptions): Promise<TimedRun> {
    const prepared = await Promise.all(inputs.map((features) => this.#prepare(features, undefined, options.signal)))
    const { loaded } = prepared[0]!
    if (prepared.some((other) => other.loaded !== loaded)) {
      throw new CoreMLError('ERR_INPUT', 'a timed run takes inputs of one shape: this model is compiled for each shape')
    }
    const { iterations, durationMilliseconds, block } = options
    const feeds = prepared.map((each) => each.feeds)
    const answer = await this.#compute(loaded, options.state, (state) => {
      const loop = { session: loaded.session, feeds, state, iterations, durationMilliseconds, block }
      return this.#client.ask({ kind: 'runTimed', ...loop }, buffersOf(feeds.flat()), options.signal)
    })
    const outputs = featuresOf(this.#description, resultsOf(loaded, answer.outputs), loaded.classifier)
    return { nanoseconds: answer.nanoseconds, elapsedMilliseconds: answer.elapsedMilliseconds, outputs }
  }

  newState(): PortableState {
    return new PortableState(this.#client, this.#description.states)
  }

  /** Ends the profile of every session: its file is complete then. */
  async endProfile(): Promise<void> {
    for (const loading of this.#all()) await this.#client.ask({ kind: 'endProfile', session: (await loading).session })
  }

  #all(): Promise<Loaded>[] {
    return [...(this.#general ? [Promise.resolve(this.#general)] : []), ...this.#sessions.values()]
  }

  async dispose(): Promise<void> {
    const general = this.#general
    this.#general = undefined
    this.#spare.length = 0
    await Promise.all([general && this.#release(general.session).catch(() => {}), this.#sessions.clear()])
  }

  #release(session: number): Promise<unknown> {
    return this.#client.ask({ kind: 'releaseSession', session })
  }

  /**
   * Asks for a prediction, with the number of its state. A model with states that is given none starts from zeros, and what it writes is lost.
   */
  async #compute<T>({ kind }: Loaded, given: BackendState | undefined, ask: (state: number | undefined) => Promise<T>): Promise<T> {
    const stateless = this.#description.states.length === 0
    if (!stateless && given && !(given instanceof PortableState && given.livesIn(this.#client))) {
      throw new CoreMLError('ERR_ARGUMENT', 'the state belongs to a model of another backend or process')
    }
    const state = stateless ? undefined : ((given as PortableState | undefined) ?? this.newState())
    try {
      return await ask(state?.use())
    } catch (error) {
      if (!(error instanceof CoreMLError) || error.code !== 'ERR_PREDICT') throw error
      throw new CoreMLError(error.code, `Unable to compute the prediction using ${phrases[kind]}: ${error.message}`, { cause: error })
    } finally {
      if (!given) state?.dispose()
    }
  }

  /** Copies the inputs before it first pauses, once in the general case, where the result is there at once. */
  #prepare(inputs: Features, wanted: string[] | 'all' | undefined, signal: AbortSignal | undefined): Prepared | Promise<Prepared> {
    const general = this.#general
    if (!wanted && general && ranksFit(general.inputs, inputs)) return this.#fed(general, inputs)
    const own = ownCopies(inputs)
    const loading = wanted ? this.#withIntermediates(own, wanted, signal) : this.#specialised(shapesOf(this.#description, own), signal)
    return loading.then((loaded) => this.#fed(loaded, own))
  }

  #fed(loaded: Loaded, inputs: Features): Prepared {
    return { loaded, feeds: feedsOf(loaded.inputs, inputs, this.#spare.pop()) }
  }

  #specialised(shapes: InputShapes, signal: AbortSignal | undefined): Promise<Loaded> {
    return this.#sessions.get(JSON.stringify(shapes), () => this.#load(this.#lowerAgain(shapes), undefined, signal))
  }

  #withIntermediates(inputs: Features, wanted: string[] | 'all', signal: AbortSignal | undefined): Promise<Loaded> {
    const shapes = this.#general ? undefined : shapesOf(this.#description, inputs)
    return this.#sessions.get(JSON.stringify([shapes ?? null, wanted]), () => this.#load(this.#lowerAgain(shapes), wanted, signal))
  }

  #lowerAgain(shapes: InputShapes | undefined): Lowered {
    return forShapesThatCame(() => this.#lower(shapes))
  }

  /** The inputs of a graph that come from outside, with the largest dimensions that they may have. */
  #fedDims(states: readonly LoweredState[]): Map<string, readonly Dim[]> {
    const { inputs, states: features } = this.#description
    const ofStates = states.map(({ name, input }): [string, readonly Dim[]] => [
      input,
      features.find((feature) => feature.name === name)!.shape,
    ])
    return new Map([...inputs.map((feature): [string, readonly Dim[]] => [feature.name, largestDims(feature)]), ...ofStates])
  }

  async #load(lowered: Lowered, wanted: string[] | 'all' | undefined, signal: AbortSignal | undefined): Promise<Loaded> {
    const { graph, kind, states, classifier } = lowered
    const known = wanted ? innerNames(lowered, wanted) : []
    const enclosed = Array.isArray(wanted) ? wanted.filter((name) => lowered.enclosed?.has(name)) : []
    const inner = exposeInner(lowered, known)
    const written = new Set(states.map(({ output }) => output))
    const inputs = featurePorts(this.#description.inputs, graph.inputs)
    const outputs = graph.outputs.filter(({ name }) => !written.has(name))
    const parts = optimize(graph, this.#fedDims(states))
    const ports = {
      inputs: inputs.map(({ port: { name, type } }) => ({ name, type })),
      parts,
      outputs: outputs.map(({ name }) => name),
      states,
    }
    const encoded = encodeModel(graph)
    const { threads } = this.#options
    // What is in memory, weights too, belongs to this lowering, which is over.
    const memory = new Set([encoded.model, ...encoded.externalData.map(({ data }) => data)].map(({ buffer }) => buffer as ArrayBuffer))
    const request = { kind: 'createSession' as const, ...encoded, ports, threads, profile: this.#profile }
    const { session } = await this.#client.ask(request, [...memory], signal)
    return { session, kind, classifier, inputs, outputs, inner, known, enclosed }
  }
}

/** The values that came back, by the names of their features. */
function resultsOf({ outputs }: Loaded, values: readonly PortValue[]): Record<string, Tensor> {
  const results: Record<string, Tensor> = {}
  for (const [index, { data, dims }] of values.entries()) {
    const { name, feature = name, type } = outputs[index]!
    results[feature] = { type, data, dims }
  }
  return results
}

/** Names of the inner values that are wanted and there: another stage of a pipeline may have the others. */
function innerNames({ values }: Lowered, wanted: string[] | 'all'): string[] {
  return wanted === 'all' ? [...(values?.keys() ?? [])] : [...new Set(wanted)].filter((name) => values?.has(name))
}

/** Adds inner values to the graph's outputs. */
function exposeInner({ graph, values }: Lowered, names: readonly string[]): Record<string, string> {
  const inner: Record<string, string> = {}
  for (const name of names) {
    const value = values!.get(name)!
    if (value.constant) continue
    const output = `inner:${name}`
    graph.nodes.push({ opType: 'Identity', domain: '', name: output, inputs: [value.name], outputs: [output], attributes: {} })
    graph.outputs.push({ name: output, type: value.type, dims: value.dims })
    inner[output] = name
  }
  return inner
}

/** False where an input has other dimensions than the graph was lowered for: sequences of the first network versions. */
function ranksFit(inputs: readonly FeaturePort[], given: Features): boolean {
  return inputs.every(({ port: { name, dims } }) => {
    const value = given[name]
    return value === undefined || !isTensor(value) || value.dims.length === dims.length
  })
}

function buffersOf(feeds: readonly PortValue[]): ArrayBuffer[] {
  return feeds.map(({ data }) => data.buffer as ArrayBuffer)
}

function defaultShapes(description: ModelDescription): InputShapes {
  return shapesOf(description, {})
}
