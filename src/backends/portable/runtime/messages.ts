import type { Tensor } from '../../../model/tensor.ts'
import type { InputPart } from '../onnx/graph.ts'

/** What the process asks of the runtime (a worker thread or a child process that holds onnxruntime). Plain data: it is structured-cloned. */

/** Makes a session of an ONNX model. */
export interface CreateSession {
  kind: 'createSession'
  model: Uint8Array
  /** Folder of files that the model names as external data. */
  folder?: string
  /** External data in memory, by the name that the model gives it. */
  externalData: { path: string; data: Uint8Array }[]
  /** Inputs of the graph that are views of what is fed. */
  parts?: readonly InputPart[]
  threads?: number
  /** File prefix for onnxruntime's profile, which the session then writes. */
  profile?: string
}

/** The state of one sequence, kept next to the sessions so that it never crosses threads. */
export interface StateUse {
  state: number
  /** Graph input → state name. */
  inputs: Record<string, string>
  /** Graph output → state name. */
  outputs: Record<string, string>
}

export interface Run {
  kind: 'run'
  session: number
  feeds: Record<string, Tensor>
  fetches: string[]
  state?: StateUse
  /** Whether the feeds come back with the answer. They are handed over and not copied, so their memory can be filled again. */
  returnFeeds?: boolean
}

/** Predicts in a loop inside the runtime, with the feeds in turn. */
export interface RunTimed {
  kind: 'runTimed'
  session: number
  feeds: Record<string, Tensor>[]
  fetches: string[]
  state?: StateUse
  iterations?: number
  durationMilliseconds?: number
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
  run: { outputs: Record<string, Tensor>; nanoseconds: number; feeds?: Record<string, Tensor> }
  runTimed: { outputs: Record<string, Tensor>; nanoseconds: Float64Array; elapsedMilliseconds: number }
  releaseSession: undefined
  newState: undefined
  readState: { tensor: Tensor }
  writeState: undefined
  releaseState: undefined
  endProfile: undefined
}

/** A request with its number, and the reply that carries the same one. */
export interface Envelope {
  id: number
  request: Request
}

export type Reply =
  | { id: number; answer: Answers[keyof Answers] }
  | { id: number; error: { code: 'ERR_LOAD' | 'ERR_PREDICT'; message: string } }
