import { type ChildProcess, fork } from 'node:child_process'
import { requireEntryPoint } from '../../entry-point.ts'
import type { ErrorCode } from '../../errors.ts'
import type { AnswerMessage, CallMessage, CallName, Calls } from './calls.ts'

/** How a unit came to its end before its time. */
export type UnitEnd =
  | { status: 'crashed'; phase: string; how: string; output: string }
  | { status: 'timedOut'; phase: string; afterMilliseconds: number }
  | { status: 'failed'; phase: string; code: ErrorCode | 'ERR_UNKNOWN'; message: string }

/** Thrown by {@link UnitProcess.call}: the unit's own failure, which is a result. */
export class UnitEndError extends Error {
  readonly end: UnitEnd
  constructor(end: UnitEnd) {
    super(end.status)
    this.end = end
  }
}

/** Characters of a dead process's error output that are kept. */
const outputKept = 2000

/** A process that runs one compute unit of one model. */
export class UnitProcess {
  private readonly child: ChildProcess
  private readonly ended: Promise<{ how: string; output: string }>
  private calls = 0

  constructor() {
    this.child = fork(requireEntryPoint('measure/protocol/child'), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let output = ''
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputKept)
    })
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ how: error.message, output }))
      this.child.once('close', (code, signal) => resolve({ how: signal ?? `exit code ${code}`, output: output.trim() }))
    })
  }

  /**
   * Asks the process for something.
   * @throws UnitEndError where the process dies, takes longer than `timeoutMilliseconds`, or answers with an error
   */
  async call<Name extends CallName>(
    name: Name,
    request: Calls[Name]['request'],
    phase: string,
    timeoutMilliseconds: number,
  ): Promise<Calls[Name]['response']> {
    const message: CallMessage<Name> = { id: this.calls++, name, request }
    let timer: NodeJS.Timeout | undefined
    let listener: ((answer: AnswerMessage) => void) | undefined
    const answered = new Promise<AnswerMessage>((resolve) => {
      listener = (answer) => answer.id === message.id && resolve(answer)
      this.child.on('message', listener)
      // A send to a process that just died fails; its end tells why.
      this.child.send(message, () => {})
    })
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMilliseconds, 'late')
    })
    try {
      const first = await Promise.race([answered, late, this.ended])
      if (first === 'late') {
        await this.kill()
        throw new UnitEndError({ status: 'timedOut', phase, afterMilliseconds: timeoutMilliseconds })
      }
      if ('how' in first) throw new UnitEndError({ status: 'crashed', phase, how: first.how, output: first.output })
      if ('error' in first) {
        await this.kill()
        throw new UnitEndError({ status: 'failed', phase, ...first.error })
      }
      return first.response as Calls[Name]['response']
    } finally {
      clearTimeout(timer)
      this.child.off('message', listener!)
    }
  }

  /** Ends the process in order; kills it where it does not end within five seconds. */
  async close(): Promise<void> {
    try {
      await this.call('close', {}, 'close', 5000)
    } catch {
      // It is going away either way.
    }
    const timer = setTimeout(() => void this.kill(), 5000)
    await this.ended
    clearTimeout(timer)
  }

  /** Ends the process at once and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.ended
  }
}
