/**
 * Two flags that the process and its worker thread share. Ending a thread that is inside onnxruntime aborts the process (exit status 134),
 * so the process waits at exit for the running call, and the worker begins none once the process is closing.
 */

export type BusyFlags = SharedArrayBuffer

const busyAt = 0
const closingAt = 1

export function makeBusyFlags(): BusyFlags {
  return new SharedArrayBuffer(8)
}

export class Busy {
  readonly #flags: Int32Array

  constructor(flags: BusyFlags) {
    this.#flags = new Int32Array(flags)
  }

  /** Worker: runs `work` under the flag; never begins it, nor anything after it, once the process is closing. */
  async during<T>(work: () => Promise<T>): Promise<T | undefined> {
    Atomics.store(this.#flags, busyAt, 1)
    try {
      if (Atomics.load(this.#flags, closingAt) === 1) return undefined
      return await work()
    } finally {
      Atomics.store(this.#flags, busyAt, 0)
      Atomics.notify(this.#flags, busyAt)
    }
  }

  /** Process: lets no further call begin and blocks until the running one has returned. */
  close(): void {
    Atomics.store(this.#flags, closingAt, 1)
    while (Atomics.load(this.#flags, busyAt) === 1) Atomics.wait(this.#flags, busyAt, 1)
  }
}
