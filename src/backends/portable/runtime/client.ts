import { fork } from 'node:child_process'
import { isMainThread, Worker } from 'node:worker_threads'
import { requireEntryPoint } from '../../../entry-point.ts'
import { CoreMLError } from '../../../errors.ts'
import { abortError } from '../../../model/abort.ts'
import { Busy, makeBusyFlags } from './busy.ts'
import { type Answers, arraysOf, type Reply, type Request } from './messages.ts'
import { noTelemetry, switchTelemetryOff } from './no-telemetry.ts'
import { makeWithdrawalFlags, Withdrawals } from './withdrawals.ts'
import { countAsYoung } from './young-memory.ts'

/** How messages get to the runtime and back. `ref` and `unref` decide whether it keeps the process alive. */
interface Channel {
  post(request: Request, transfer: ArrayBuffer[]): void
  /** Requests that were posted and that nobody wants any more. Channels without it take one request at a time. */
  withdrawals?: Withdrawals
  ref(): void
  unref(): void
}

interface Job {
  request: Request
  transfer: ArrayBuffer[]
  resolve(answer: never): void
  reject(error: unknown): void
  signal?: AbortSignal
  onAbort?: () => void
  /** Its flag, once it was posted to a channel that has them. */
  withdrawal?: number
  /** Whether it has been rejected: its answer is dropped. */
  rejected?: boolean
}

/** A channel that can take requests back has the next one there already when one ends: between two short predictions the runtime would wait for as long. */
const sentAhead = 1

/**
 * Asks the runtime, which answers one request after the other, in their order: whatever still waits can be taken back when its signal aborts.
 * The runtime keeps the process alive only while something is asked of it.
 */
export class RuntimeClient {
  readonly #open: (receive: (reply: Reply) => void, ended: (reason: string) => void) => Channel
  #channel: Channel | undefined
  #queue: Job[] = []
  /** Requests that were posted and not answered: the first one runs. */
  #sent: Job[] = []
  /** Whether buffers move there and back without a copy: they do between threads, not between processes. */
  readonly movesBuffers: boolean

  constructor(open: (receive: (reply: Reply) => void, ended: (reason: string) => void) => Channel) {
    this.#open = open
    this.movesBuffers = open === openThread
  }

  /**
   * Sends a request. Buffers in `transfer` are gone for the caller.
   * @throws AbortError when `signal` aborts: at once for queued work, at its end for running work, whose result is dropped; a loop ends after the run under way.
   */
  ask<R extends Request>(request: R, transfer: ArrayBuffer[] = [], signal?: AbortSignal): Promise<Answers[R['kind']]> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal))
      const job: Job = { request, transfer, resolve: resolve as Job['resolve'], reject, signal }
      if (signal) {
        job.onAbort = () => {
          if (!this.#sent.includes(job)) this.#queue.splice(this.#queue.indexOf(job), 1)
          else if (job.withdrawal !== undefined) this.#channel!.withdrawals!.raise(job.withdrawal)
          if (this.#sent[0] === job) return
          job.rejected = true
          reject(abortError(signal))
        }
        signal.addEventListener('abort', job.onAbort, { once: true })
      }
      this.#queue.push(job)
      this.#next()
    })
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#sent.length <= (this.#channel?.withdrawals ? sentAhead : 0)) this.#send(this.#queue.shift()!)
    if (this.#sent.length === 0) this.#channel?.unref()
  }

  #send(job: Job): void {
    try {
      this.#channel ??= this.#open(
        (reply) => this.#receive(reply),
        (reason) => this.#ended(reason),
      )
      this.#channel.ref()
      this.#channel.post(job.request, job.transfer)
    } catch (cause) {
      const error =
        cause instanceof CoreMLError
          ? cause
          : new CoreMLError('ERR_INTERNAL', `the runtime could not be asked: ${String(cause)}`, { cause })
      settle(job, () => job.reject(error))
      return
    }
    job.withdrawal = this.#channel.withdrawals?.next()
    this.#sent.push(job)
  }

  #receive(reply: Reply): void {
    const job = this.#sent.shift()
    if (!job) return
    if (job.withdrawal !== undefined) this.#channel!.withdrawals!.lower(job.withdrawal)
    if (!job.rejected && !('withdrawn' in reply)) {
      if (this.movesBuffers && 'answer' in reply) for (const { byteLength } of arraysOf(reply.answer)) countAsYoung(byteLength)
      settle(job, () => {
        if (job.signal?.aborted) job.reject(abortError(job.signal))
        else if ('error' in reply) job.reject(new CoreMLError(reply.error.code, `onnxruntime: ${reply.error.message}`))
        else job.resolve(reply.answer as never)
      })
    }
    this.#next()
  }

  #ended(reason: string): void {
    this.#channel = undefined
    const lost = [...this.#sent, ...this.#queue].filter(({ rejected }) => !rejected)
    this.#sent = []
    this.#queue = []
    for (const job of lost) {
      settle(job, () => job.reject(new CoreMLError('ERR_PREDICT', `onnxruntime's ${reason}; load the model again`)))
    }
  }
}

function settle(job: Job, finish: () => void): void {
  if (job.onAbort) job.signal!.removeEventListener('abort', job.onAbort)
  finish()
}

function openThread(receive: (reply: Reply) => void, ended: (reason: string) => void): Channel {
  switchTelemetryOff()
  const flags = makeBusyFlags()
  const busy = new Busy(flags)
  const withdrawalFlags = makeWithdrawalFlags()
  const withdrawals = new Withdrawals(withdrawalFlags)
  const worker = new Worker(requireEntryPoint('backends/portable/runtime/worker-thread'), {
    workerData: { flags, withdrawalFlags },
    name: 'coreml-bridge onnxruntime',
    // Options of the host (loaders, --eval, inspectors) are no business of this thread.
    execArgv: [],
  })
  const atExit = () => busy.close()
  process.on('exit', atExit)
  let reason = 'worker thread ended'
  worker.on('message', receive)
  worker.on('error', (error) => {
    reason = `worker thread failed (${error.message})`
  })
  worker.on('exit', () => {
    process.off('exit', atExit)
    ended(reason)
  })
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    withdrawals,
    ref: () => worker.ref(),
    unref: () => worker.unref(),
  }
}

function openProcess(receive: (reply: Reply) => void, ended: (reason: string) => void): Channel {
  const child = fork(requireEntryPoint('backends/portable/runtime/child-process'), {
    serialization: 'advanced',
    execArgv: [],
    env: { ...noTelemetry, ...process.env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let over = false
  const end = (reason: string) => {
    if (!over) ended(reason)
    over = true
  }
  child.on('message', (reply) => receive(reply as Reply))
  child.on('error', (error) => end(`child process failed (${error.message})`))
  child.on('exit', (code, signal) => end(`child process ended (${signal ?? `exit status ${code}`})`))
  return {
    post: (request) => child.send(request),
    ref() {
      child.ref()
      child.channel?.ref()
    },
    unref() {
      child.unref()
      child.channel?.unref()
    },
  }
}

let threadClient: RuntimeClient | undefined
let processClient: RuntimeClient | undefined

/** The runtime of this process; inside a user's worker thread, and with `isolate`, one in a child process. */
export function runtimeClient(isolate = false): RuntimeClient {
  if (isolate || !isMainThread) {
    processClient ??= new RuntimeClient(openProcess)
    return processClient
  }
  threadClient ??= new RuntimeClient(openThread)
  return threadClient
}
