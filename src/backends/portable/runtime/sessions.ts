import type * as Ort from 'onnxruntime-common'
import { elementCount, type Tensor } from '../../../model/tensor.ts'
import type { InputPart } from '../onnx/graph.ts'
import type { Answers, CreateSession, Request, Run, RunTimed, StateUse } from './messages.ts'

type OrtModule = typeof Ort
type OrtTensors = Record<string, Ort.Tensor>

/** Session options that onnxruntime-node takes and onnxruntime-common does not type. */
interface NodeSessionOptions extends Ort.InferenceSession.SessionOptions {
  externalData?: { path: string; data: Uint8Array }[]
  profileFilePrefix?: string
}

/** A session, and its inputs that are views of what is fed. */
interface Session {
  ort: Ort.InferenceSession
  parts: readonly InputPart[]
}

/** onnxruntime's sessions and the states of sequences, by number. Runs where the caller does not mind being blocked. */
export class Sessions {
  readonly #load: () => Promise<OrtModule>
  readonly #sessions = new Map<number, Session>()
  readonly #states = new Map<number, OrtTensors>()
  #ort: OrtModule | undefined
  #next = 1

  constructor(load: () => Promise<OrtModule>) {
    this.#load = load
  }

  async handle(request: Request): Promise<Answers[keyof Answers]> {
    switch (request.kind) {
      case 'createSession':
        return this.#create(request)
      case 'run':
        return this.#run(request)
      case 'runTimed':
        return this.#runTimed(request)
      case 'releaseSession': {
        const session = this.#sessions.get(request.session)
        this.#sessions.delete(request.session)
        await session?.ort.release()
        return undefined
      }
      case 'newState':
        this.#states.set(request.state, await this.#tensors(request.tensors))
        return undefined
      case 'readState':
        return { tensor: copied(this.#state(request.state)[request.name]!) }
      case 'writeState':
        this.#state(request.state)[request.name] = (await this.#tensors({ tensor: request.tensor })).tensor!
        return undefined
      case 'releaseState':
        this.#states.delete(request.state)
        return undefined
      case 'endProfile':
        this.#session(request.session).ort.endProfiling()
        return undefined
    }
  }

  async #runtime(): Promise<OrtModule> {
    if (!this.#ort) {
      this.#ort = await this.#load()
      this.#ort.env.logLevel = 'error'
    }
    return this.#ort
  }

  async #create(request: CreateSession): Promise<Answers['createSession']> {
    const ort = await this.#runtime()
    const options: NodeSessionOptions = {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      externalData: request.externalData,
      // 3: errors only. Warnings are about nodes that onnxruntime folds, nothing a user could act on.
      logSeverityLevel: 3,
    }
    if (request.threads !== undefined) options.intraOpNumThreads = request.threads
    if (request.folder !== undefined) options.extra = { session: { model_external_initializers_file_folder_path: request.folder } }
    if (request.profile !== undefined) {
      options.enableProfiling = true
      options.profileFilePrefix = request.profile
    }
    const session = await ort.InferenceSession.create(request.model, options)
    const id = this.#next++
    this.#sessions.set(id, { ort: session, parts: request.parts ?? [] })
    return { session: id, version: ort.env.versions.node ?? ort.env.versions.common }
  }

  async #run(request: Run): Promise<Answers['run']> {
    const session = this.#session(request.session)
    const feeds = await this.#feeds(session, request.feeds)
    const { outputs, nanoseconds } = await this.#call(session, feeds, request.fetches, request.state)
    return { outputs: plainTensors(outputs), nanoseconds, ...(request.returnFeeds && { feeds: request.feeds }) }
  }

  async #runTimed(request: RunTimed): Promise<Answers['runTimed']> {
    const session = this.#session(request.session)
    const feeds = await Promise.all(request.feeds.map((tensors) => this.#feeds(session, tensors)))
    const iterations = request.iterations ?? (request.durationMilliseconds === undefined ? 1 : Number.POSITIVE_INFINITY)
    const samples: number[] = []
    const start = performance.now()
    let outputs: OrtTensors = {}
    do {
      const result = await this.#call(session, feeds[samples.length % feeds.length]!, request.fetches, request.state)
      outputs = result.outputs
      samples.push(result.nanoseconds)
    } while (samples.length < iterations && performance.now() - start < (request.durationMilliseconds ?? Number.POSITIVE_INFINITY))
    return { outputs: plainTensors(outputs), nanoseconds: Float64Array.from(samples), elapsedMilliseconds: performance.now() - start }
  }

  /** One run, with the state's tensors fed in and its new ones kept. */
  async #call({ ort }: Session, feeds: OrtTensors, fetches: string[], use?: StateUse) {
    const state = use && this.#state(use.state)
    let all = feeds
    if (use && state) {
      all = { ...feeds }
      for (const [input, name] of Object.entries(use.inputs)) all[input] = state[name]!
    }
    const wanted = use ? [...fetches, ...Object.keys(use.outputs)] : fetches
    const start = process.hrtime.bigint()
    const results = (await ort.run(all, wanted)) as OrtTensors
    const nanoseconds = Number(process.hrtime.bigint() - start)
    if (use && state) for (const [output, name] of Object.entries(use.outputs)) state[name] = results[output]!
    return { outputs: Object.fromEntries(fetches.map((name) => [name, results[name]!])), nanoseconds }
  }

  #session(id: number): Session {
    const session = this.#sessions.get(id)
    if (!session) throw new Error(`no session ${id}`)
    return session
  }

  #state(id: number): OrtTensors {
    const state = this.#states.get(id)
    if (!state) throw new Error(`no state ${id}`)
    return state
  }

  async #feeds({ parts }: Session, fed: Record<string, Tensor>): Promise<OrtTensors> {
    const feeds = { ...fed }
    for (const { name, of, offset, dims } of parts) {
      const { type, data } = fed[of]!
      feeds[name] = { type, data: (data as Float32Array).subarray(offset, offset + elementCount(dims)), dims }
    }
    return this.#tensors(feeds)
  }

  async #tensors(tensors: Record<string, Tensor>): Promise<OrtTensors> {
    const { Tensor: OrtTensor } = await this.#runtime()
    return Object.fromEntries(
      Object.entries(tensors).map(([name, { type, data, dims }]) => [name, new OrtTensor(type as 'float32', data as Float32Array, dims)]),
    )
  }
}

function plain(tensor: Ort.Tensor): Tensor {
  return { type: tensor.type as Tensor['type'], data: tensor.data as Tensor['data'], dims: tensor.dims }
}

function copied(tensor: Ort.Tensor): Tensor {
  return { ...plain(tensor), data: (tensor.data as Float32Array).slice() }
}

/** Outputs as plain objects. An output that shares memory with another (onnxruntime may hand one buffer out twice) is copied: it is transferred. */
function plainTensors(outputs: OrtTensors): Record<string, Tensor> {
  const seen = new Set<ArrayBufferLike>()
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      const buffer = (tensor.data as Float32Array).buffer
      const result = seen.has(buffer) ? copied(tensor) : plain(tensor)
      seen.add(buffer)
      return [name, result]
    }),
  )
}
