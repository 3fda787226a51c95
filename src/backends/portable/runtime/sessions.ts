import { availableParallelism } from 'node:os'
import type * as Ort from 'onnxruntime-common'
import { copyOf, elementCount, type Tensor, type TensorType } from '../../../model/tensor.ts'
import { timedLoop } from '../timed-loop.ts'
import type { Answers, CreateSession, PortValue, Request, Run, RunTimed, SessionPorts } from './messages.ts'

type OrtModule = typeof Ort
type OrtTensors = Record<string, Ort.Tensor>

/** Session options that onnxruntime-node takes and onnxruntime-common does not type. */
interface NodeSessionOptions extends Ort.InferenceSession.SessionOptions {
  externalData?: { path: string; data: Uint8Array }[]
  profileFilePrefix?: string
}

interface Session {
  ort: Ort.InferenceSession
  ports: SessionPorts
  /** Outputs of the graph: those that come back, then those that are a state's new value. */
  fetches: string[]
}

/** What one run gave. */
interface Results {
  outputs: Ort.Tensor[]
  nanoseconds: number
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

  /** `withdrawn` tells whether nobody wants the answer any more: a loop ends then. */
  async handle(request: Request, withdrawn = () => false): Promise<Answers[keyof Answers]> {
    switch (request.kind) {
      case 'createSession':
        return this.#create(request)
      case 'run':
        return this.#run(request)
      case 'runTimed':
        return this.#runTimed(request, withdrawn)
      case 'releaseSession': {
        const session = this.#sessions.get(request.session)
        this.#sessions.delete(request.session)
        await session?.ort.release()
        return undefined
      }
      case 'newState': {
        await this.#runtime()
        const tensors = Object.entries(request.tensors).map(([name, tensor]) => [name, this.#tensor(tensor.type, tensor)])
        this.#states.set(request.state, Object.fromEntries(tensors))
        return undefined
      }
      case 'readState':
        return { tensor: readTensor(this.#state(request.state)[request.name]!) }
      case 'writeState':
        this.#state(request.state)[request.name] = this.#tensor(request.tensor.type, request.tensor)
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
      this.#ort.env.logLevel = 'fatal'
    }
    return this.#ort
  }

  async #create(request: CreateSession): Promise<Answers['createSession']> {
    const ort = await this.#runtime()
    const options: NodeSessionOptions = {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      externalData: request.externalData,
      // 4: fatal only. Errors are thrown, and would be told twice; warnings are about nodes that onnxruntime folds.
      logSeverityLevel: 4,
    }
    // Waiting threads of onnxruntime spin: more of them than cores make a prediction slower by orders of magnitude.
    if (request.threads !== undefined) options.intraOpNumThreads = Math.min(request.threads, availableParallelism())
    if (request.folder !== undefined) options.extra = { session: { model_external_initializers_file_folder_path: request.folder } }
    if (request.profile !== undefined) {
      options.enableProfiling = true
      options.profileFilePrefix = request.profile
    }
    const session = await ort.InferenceSession.create(request.model, options)
    // onnxruntime has its own copy now. Between processes data comes as views of the message.
    const whole = request.externalData.filter(({ data }) => data.byteLength === data.buffer.byteLength)
    discard(new Set(whole.map(({ data }) => data.buffer as ArrayBuffer)))
    const id = this.#next++
    const { ports } = request
    const written = ports.states.flatMap(({ output }) => output ?? [])
    this.#sessions.set(id, { ort: session, ports, fetches: [...ports.outputs, ...written] })
    return { session: id, version: ort.env.versions.node ?? ort.env.versions.common }
  }

  async #run({ session: id, feeds, state, returnFeeds }: Run): Promise<Answers['run']> {
    const session = this.#session(id)
    const { outputs, nanoseconds } = await this.#call(session, this.#tensors(session, feeds), state)
    return { outputs: ownValues(outputs), nanoseconds, feeds: returnFeeds ? feeds.map(({ data }) => data) : undefined }
  }

  async #runTimed(request: RunTimed, withdrawn: () => boolean): Promise<Answers['runTimed']> {
    const session = this.#session(request.session)
    const feeds = request.feeds.map((values) => this.#tensors(session, values))
    let outputs: Ort.Tensor[] = []
    const times = await timedLoop(request, async (index) => {
      if (withdrawn()) throw new Error('the loop was aborted')
      const result = await this.#call(session, feeds[index % feeds.length]!, request.state)
      outputs = result.outputs
      return result.nanoseconds
    })
    return { outputs: ownValues(outputs), ...times }
  }

  /** One run, with the state's tensors fed in and its new ones kept. */
  async #call({ ort, ports, fetches }: Session, feeds: OrtTensors, stateId: number | undefined): Promise<Results> {
    const state = stateId === undefined ? undefined : this.#state(stateId)
    if (state) this.#feed(feeds, Object.fromEntries(ports.states.map(({ name, input }) => [input, state[name]!])), ports)
    const start = process.hrtime.bigint()
    const results = (await ort.run(feeds, fetches)) as OrtTensors
    const nanoseconds = Number(process.hrtime.bigint() - start)
    if (state) for (const { name, output } of ports.states) if (output !== undefined) state[name] = results[output]!
    return { outputs: ports.outputs.map((name) => results[name]!), nanoseconds }
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

  #tensors({ ports }: Session, feeds: PortValue[]): OrtTensors {
    const tensors: OrtTensors = {}
    const given = ports.inputs.map(({ name, type }, index) => [name, this.#tensor(type, feeds[index]!)])
    this.#feed(tensors, Object.fromEntries(given), ports)
    return tensors
  }

  /** Adds tensors to the feeds of a run, with the graph's inputs that are parts of them. */
  #feed(feeds: OrtTensors, wholes: OrtTensors, { parts }: SessionPorts): void {
    Object.assign(feeds, wholes)
    for (const { name, of, offset, dims } of parts) {
      const whole = wholes[of]
      if (!whole) continue
      const data = (whole.data as Float32Array).subarray(offset, offset + elementCount(dims))
      feeds[name] = this.#tensor(whole.type as TensorType, { data, dims })
    }
  }

  /** For what comes after {@link #runtime}, as everything does that names a session or a state. */
  #tensor(type: TensorType, { data, dims }: PortValue): Ort.Tensor {
    if (type !== 'float16') return new this.#ort!.Tensor(type as 'float32', data as Float32Array, dims)
    // onnxruntime-node takes half precision as bits only, and onnxruntime-common makes a Float16Array of them where Node has it.
    const bits = new Uint16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)
    return Object.defineProperty(new this.#ort!.Tensor(type, bits, dims), 'data', { value: bits })
  }
}

function readTensor({ type, data, dims }: Ort.Tensor): Tensor {
  return { type: type as Tensor['type'], data: copyOf(data as Float32Array), dims }
}

/** Gives memory back at once: this thread may collect no garbage for long, and the weights of a model can be in it. */
function discard(buffers: Iterable<ArrayBuffer>): void {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  port1.postMessage(undefined, [...buffers])
}

/** Outputs in memory that can be transferred. onnxruntime may give one buffer out twice: then the second one is copied. */
function ownValues(outputs: Ort.Tensor[]): PortValue[] {
  const seen = new Set<ArrayBufferLike>()
  return outputs.map(({ data, dims }) => {
    const { buffer } = data as Float32Array
    const own = seen.has(buffer) ? copyOf(data as Float32Array) : (data as Float32Array)
    seen.add(buffer)
    return { data: own, dims }
  })
}
