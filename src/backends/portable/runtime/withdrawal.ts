/**
 * The number of the request that was taken back last, after it was sent and before it was begun: shared by the process and its worker thread, which
 * count requests alike.
 */
export type WithdrawalFlag = SharedArrayBuffer

export function makeWithdrawalFlag(): WithdrawalFlag {
  return new SharedArrayBuffer(4)
}

/** The number after `number`; 0 is none, and after the greatest comes the least. */
export function nextNumber(number: number): number {
  return (number + 1) | 0 || 1
}

export class Withdrawal {
  readonly #number: Int32Array

  constructor(flag: WithdrawalFlag) {
    this.#number = new Int32Array(flag)
  }

  /** Process: the worker shall not begin this request, if it has not yet. */
  of(number: number): void {
    Atomics.store(this.#number, 0, number)
  }

  /** Process: this request was answered; its number may come again. */
  over(number: number): void {
    Atomics.compareExchange(this.#number, 0, number, 0)
  }

  /** Worker: whether this request was taken back. */
  concerns(number: number): boolean {
    return Atomics.load(this.#number, 0) === number
  }
}
