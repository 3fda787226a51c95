/**
 * The numbers of requests that nobody wants any more, after they were sent: shared by the process and its worker thread, which count requests alike.
 * At most two are under way at once, and they follow each other: there is one place for odd numbers and one for even ones.
 */
export type WithdrawalFlags = SharedArrayBuffer

export function makeWithdrawalFlags(): WithdrawalFlags {
  return new SharedArrayBuffer(8)
}

/** The number after `number`, from the greatest on to the least: an even one after an odd one, always, and never 0, which is none. */
export function nextNumber(number: number): number {
  return (number + 1) | 0 || 2
}

export class Withdrawals {
  readonly #numbers: Int32Array

  constructor(flags: WithdrawalFlags) {
    this.#numbers = new Int32Array(flags)
  }

  /** Process: the worker shall not begin this request, or end it early, if it can. */
  add(number: number): void {
    Atomics.store(this.#numbers, number & 1, number)
  }

  /** Process: this request was answered; its number may come again. */
  remove(number: number): void {
    Atomics.compareExchange(this.#numbers, number & 1, number, 0)
  }

  /** Worker: whether nobody wants this request any more. */
  has(number: number): boolean {
    return Atomics.load(this.#numbers, number & 1) === number
  }
}
