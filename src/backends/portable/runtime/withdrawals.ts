/**
 * Two flags that the process and its worker thread share: whether nobody wants a request any more that was sent. At most two requests are under way at once:
 * they take the flags in turn, and a flag is lowered with the reply to its request, before the next one takes it.
 */
export type WithdrawalFlags = SharedArrayBuffer

export function makeWithdrawalFlags(): WithdrawalFlags {
  return new SharedArrayBuffer(8)
}

/** One side of the flags. Both sides count the requests, in their order. */
export class Withdrawals {
  readonly #flags: Int32Array
  #flag = 0

  constructor(flags: WithdrawalFlags) {
    this.#flags = new Int32Array(flags)
  }

  /** The flag of the next request. */
  next(): number {
    this.#flag = 1 - this.#flag
    return this.#flag
  }

  /** Process: the worker shall not begin this request, or end it early, if it can. */
  raise(flag: number): void {
    Atomics.store(this.#flags, flag, 1)
  }

  /** Process: the request was answered. */
  lower(flag: number): void {
    Atomics.store(this.#flags, flag, 0)
  }

  /** Worker: whether nobody wants the request any more. */
  raised(flag: number): boolean {
    return Atomics.load(this.#flags, flag) === 1
  }
}
