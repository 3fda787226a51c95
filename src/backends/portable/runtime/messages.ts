import type { Tensor, TensorData, TensorType } from '../../../model/tensor.ts'
import type { LoweredState } from '../lowered.ts'
import type { InputPart } from '../onnx/graph.ts'
import type { LoopLimits } from '../timed-loop.ts'

/**
 * What the process asks of the runtime (a worker thread or a child process that holds onnxruntime). Plain data: it is structured-cloned,
 * at each run in caches that the run before has swept, so runs say by position what the session knows already.
 */

/** What a session takes and gives at each run, in the order of the runs' values. */
export interface SessionPorts {
  /** Inputs of the graph that are fed. */
  inputs: readonly { name: string; type: TensorType }[]
  /** Inputs of the graph that are views of what is fed. */
  parts: readonly InputPart[]
  outputs: readonly string[]
  states: readonly LoweredState[]
}

/** A tensor at a port, which has the name and the type. */
export interface PortValue {
  data: TensorData
  dims: readonly number[]
}

/** Makes a session of an ONNX model. */
export interface CreateSession {
  kind: 'createSession'
  model: Uint8Array
  /** Folder of files that the model names as external data. */
  folder?: string
  /** External data in memory, by the name that the model gives it. */
  externalData: { path: string; data: Uint8Array }[]
  ports: SessionPorts
  threads?: number
  /** File prefix for onnxruntime's profile, which the session then writes. */
  profile?: string
}

export interface Run {
  kind: 'run'
  session: number
  feeds: PortValue[]
  /** The state of a sequence, which is kept next to the sessions: it never crosses threads. */
  state?: number
  /** Whether the feeds' memory comes back with the answer, to be filled again. */
  returnFeeds?: boolean
}

/** Predicts in a loop inside the runtime, with the feeds in turn. */
export interface RunTimed extends LoopLimits {
  kind: 'runTimed'
  session: number
  feeds: PortValue[][]
  state?: number
}

export interface ReleaseSession {
  kind: 'releaseSession'
  session: number
}

export interface NewState {
  kind: 'newState'
  state: number
  tensors: Record<string, Tensor>
}

export interface ReadState {
  kind: 'readState'
  state: number
  name: string
}

export interface WriteState {
  kind: 'writeState'
  state: number
  name: string
  tensor: Tensor
}

export interface ReleaseState {
  kind: 'releaseState'
  state: number
}

export interface EndProfile {
  kind: 'endProfile'
  session: number
}

export type Request = CreateSession | Run | RunTimed | ReleaseSession | NewState | ReadState | WriteState | ReleaseState | EndProfile

/** The answer to each kind of request. */
export interface Answers {
  createSession: { session: number; version: string }
  run: { outputs: PortValue[]; nanoseconds: number; feeds?: TensorData[] }
  runTimed: { outputs: PortValue[]; nanoseconds: Float64Array; elapsedMilliseconds: number }
  releaseSession: undefined
  newState: undefined
  readState: { tensor: Tensor }
  writeState: undefined
  releaseState: undefined
  endProfile: undefined
}

/** The arrays that an answer gives. */
export function arraysOf(answer: Answers[keyof Answers]): TensorData[] {
  if (!answer) return []
  if ('outputs' in answer) return answer.outputs.map(({ data }) => data)
  return 'tensor' in answer ? [answer.tensor.data] : []
}

/** Each request has one reply, in their order. */
export type Reply =
  | { answer: Answers[keyof Answers] }
  | { error: { code: 'ERR_LOAD' | 'ERR_PREDICT'; message: string } }
  | { withdrawn: true }
