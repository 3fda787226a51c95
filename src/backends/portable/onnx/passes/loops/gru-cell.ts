import type { Node } from '../../graph.ts'
import { sameDims } from '../../value.ts'
import type { Rewriter } from '../rewriter.ts'
import { origin } from './row-of.ts'

/** x · weightᵀ + bias */
export interface Linear {
  x: string
  weight: string
  bias: string | undefined
}

/** One gate of a GRU: what it makes of the input, and of the state before. */
export interface Gate {
  input: Linear
  state: Linear
}

/** h' = (1 - update) · tanh(input + reset · state) + update · h, where update and reset are the sigmoids of the sums of their two. */
export interface GruCell {
  update: Gate
  reset: Gate
  hidden: Gate
}

/** The inputs of what computes `name`, where that is a node of this kind; both orders of two that may be exchanged. */
function* inputsOf(name: string, opType: string, rewriter: Rewriter): Generator<[string, string]> {
  const node = rewriter.producer(origin(name, rewriter))
  if (node?.opType !== opType) return
  const [a, b] = node.inputs as [string, string]
  yield [a, b]
  if (opType === 'Add' || opType === 'Mul') yield [b, a]
}

/** What an activation is of. */
function activated(name: string, opType: string, rewriter: Rewriter): string | undefined {
  const node = rewriter.producer(origin(name, rewriter))
  return node?.opType === opType ? node.inputs[0] : undefined
}

function linear(name: string, rewriter: Rewriter): Linear | undefined {
  const node = rewriter.producer(origin(name, rewriter))
  if (node?.opType !== 'Gemm' || !isPlain(node)) return undefined
  const [x, weight, bias] = node.inputs as [string, string, string?]
  const [size] = rewriter.dims(weight) ?? []
  if (size === undefined || (bias && !sameDims(rewriter.dims(bias), [size]))) return undefined
  return { x: origin(x, rewriter), weight, bias: bias || undefined }
}

/** Whether a Gemm only multiplies with a transposed weight, and adds a bias. */
function isPlain({ attributes: { alpha = 1, beta = 1, transA = 0, transB = 0 } }: Node): boolean {
  return alpha === 1 && beta === 1 && transA === 0 && transB === 1
}

/** A gate from what it makes of the input and of the state `h`. */
function gate(input: string, state: string, h: string, rewriter: Rewriter): Gate | undefined {
  const [a, b] = [linear(input, rewriter), linear(state, rewriter)]
  return a && b?.x === h ? { input: a, state: b } : undefined
}

function sigmoidGate(name: string, h: string, rewriter: Rewriter): Gate | undefined {
  const sum = activated(name, 'Sigmoid', rewriter)
  if (sum === undefined) return undefined
  for (const [input, state] of inputsOf(sum, 'Add', rewriter)) {
    const found = gate(input, state, h, rewriter)
    if (found) return found
  }
  return undefined
}

/** tanh(input + reset · state) */
function candidate(name: string, h: string, rewriter: Rewriter): Pick<GruCell, 'reset' | 'hidden'> | undefined {
  const sum = activated(name, 'Tanh', rewriter)
  if (sum === undefined) return undefined
  for (const [input, product] of inputsOf(sum, 'Add', rewriter)) {
    for (const [factor, state] of inputsOf(product, 'Mul', rewriter)) {
      const hidden = gate(input, state, h, rewriter)
      const reset = hidden && sigmoidGate(factor, h, rewriter)
      if (reset) return { hidden, reset }
    }
  }
  return undefined
}

/** How `next` follows from the state `h`, where that is as in PyTorch's GRU. */
export function gruCell(next: string, h: string, rewriter: Rewriter): GruCell | undefined {
  for (const [fresh, kept] of inputsOf(next, 'Add', rewriter)) {
    for (const [z, before] of inputsOf(kept, 'Mul', rewriter)) {
      if (origin(before, rewriter) !== h) continue
      const update = sigmoidGate(z, h, rewriter)
      if (!update) continue
      for (const [rest, n] of inputsOf(fresh, 'Mul', rewriter)) {
        const [[one, share] = []] = [...inputsOf(rest, 'Sub', rewriter)]
        const found = candidate(n, h, rewriter)
        const complements = share !== undefined && rewriter.scalar(one) === 1 && origin(share, rewriter) === origin(z, rewriter)
        if (found && complements) return { update, ...found }
      }
    }
  }
  return undefined
}
