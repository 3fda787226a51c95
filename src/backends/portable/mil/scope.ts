import { CoreMLError } from '../../../errors.ts'
import type { Operand } from './operand.ts'

/** Variables of a block: its own, and those of the blocks around it. */
export class Scope {
  readonly #variables = new Map<string, Operand>()
  readonly #parent: Scope | undefined

  constructor(parent?: Scope) {
    this.#parent = parent
  }

  set(name: string, operand: Operand): void {
    this.#variables.set(name, operand)
  }

  get(name: string): Operand {
    const operand = this.#variables.get(name)
    if (operand) return operand
    if (this.#parent) return this.#parent.get(name)
    throw new CoreMLError('ERR_MODEL_INVALID', `the program uses "${name}" before anything gives it a value`)
  }
}
