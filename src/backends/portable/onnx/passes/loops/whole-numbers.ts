import type { Node } from '../../graph.ts'
import { toEnd } from '../../slice-bound.ts'
import type { Dim } from '../../value.ts'
import { bodyOf, type Rewriter } from '../rewriter.ts'
import { type CountedLoop, countedLoop } from './counted-loop.ts'

/** A whole number: `base` + `offset`, where `base` is a number that only a run tells, by a name of its own, or '' for 0. */
export interface WholeNumber {
  readonly base: string
  readonly offset: number
}

const zero: WholeNumber = { base: '', offset: 0 }

/** A value, or part of it, of which there is no more to say than its name. */
function unknown(base: string): WholeNumber {
  return { base, offset: 0 }
}

/** Whether two numbers are the same, for all that is known. */
export function same(a: WholeNumber, b: WholeNumber): boolean {
  return a.base === b.base && a.offset === b.offset
}

/** A name for a number that belongs to a value; no value has such a name. */
function partOf(name: string, part: string | number): string {
  return `${name}\0${part}`
}

/** Whether a node gives whole numbers as they are, in another shape or as integers that hold all sizes. */
function passesOn({ opType, attributes }: Node): boolean {
  if (opType === 'Cast') return attributes.to === 'int32' || attributes.to === 'int64'
  return opType === 'Reshape' || opType === 'Squeeze' || opType === 'Unsqueeze'
}

/** The largest dimensions that inputs of a graph may have, null where there is no largest one. */
export type LargestDims = ReadonlyMap<string, readonly Dim[]>

/** What the values of a graph that are single whole numbers are, as far as that is known before a run: sizes, indices, counters of loops. */
export class WholeNumbers {
  readonly #rewriter: Rewriter
  readonly #known = new Map<string, WholeNumber>()
  /** Sizes that only a run tells, by name, with the largest ones that they may have. */
  readonly #sizes = new Map<string, Dim>()
  readonly #largest: LargestDims
  /** Loops by the name of each loop variable in their bodies. */
  readonly #loops = new Map<string, { loop: Node; index: number }>()
  readonly #counted = new Map<Node, CountedLoop | undefined>()
  /** Loop variables, and whether they keep their shapes. */
  readonly #kept = new Map<string, boolean>()

  constructor(rewriter: Rewriter, largest: LargestDims) {
    this.#rewriter = rewriter
    this.#largest = largest
    for (const loop of rewriter.nodes()) {
      if (loop.opType !== 'Loop') continue
      const [, , ...variables] = bodyOf(loop).inputs
      for (const [index, { name }] of variables.entries()) this.#loops.set(name, { loop, index })
    }
  }

  /** The number that a value of one element holds. */
  of(name: string): WholeNumber {
    let number = this.#known.get(name)
    if (!number) {
      number = this.#find(name)
      this.#known.set(name, number)
    }
    return number
  }

  /** The size of a value along an axis. */
  size(name: string, axis: number): WholeNumber {
    const dim = this.#rewriter.shape(name)?.[axis]
    if (typeof dim === 'number') return { base: '', offset: dim }
    const node = this.#rewriter.producer(name)
    switch (node?.opType) {
      case 'Cast':
      case 'Identity':
      case 'ScatterND':
        return this.size(node.inputs[0]!, axis)
      case 'Transpose':
        return this.size(node.inputs[0]!, (node.attributes.perm as number[])[axis]!)
      case 'Pad':
        if (this.addsNothing(node)) return this.size(node.inputs[0]!, axis)
        break
      case 'Expand':
        if (this.addsNothing(node)) return this.size(node.inputs[0]!, axis)
        if (this.#rewriter.dims(node.inputs[0])?.length === 0) return this.#element(node.inputs[1]!, axis)
        break
      case 'Concat': {
        const rank = this.#rewriter.shape(name)!.length
        if (((node.attributes.axis as number) + rank) % rank !== axis) break
        const parts = node.inputs.map((part): WholeNumber | undefined => this.size(part, axis))
        const size = parts.reduce((a, b) => a && b && this.#sum(a, b))
        if (size) return size
        break
      }
      case 'Slice': {
        const size = this.#sliced(node, axis)
        if (size) return size
        break
      }
      case 'Loop': {
        const index = node.outputs.indexOf(name)
        if (this.#keepsShape(node, index)) return this.size(node.inputs[index + 2]!, axis)
      }
    }
    const variable = this.#loops.get(name)
    if (variable && this.#keepsShape(variable.loop, variable.index)) return this.size(variable.loop.inputs[variable.index + 2]!, axis)
    const size = unknown(partOf(name, axis))
    this.#sizes.set(size.base, this.#largest.get(name)?.[axis] ?? null)
    return size
  }

  /** Whether a < b; undefined where only a run tells. */
  isLess(a: WholeNumber, b: WholeNumber): boolean | undefined {
    const below = (low: WholeNumber[], high: WholeNumber[], by: number) =>
      low.some((x) => high.some((y) => x.base === y.base && x.offset + by <= y.offset))
    if (below(this.#atMost(a), this.#atLeast(b), 1)) return true
    return below(this.#atMost(b), this.#atLeast(a), 0) ? false : undefined
  }

  /** The loop whose counter `number` is based on. */
  loopOf({ base }: WholeNumber): CountedLoop | undefined {
    const variable = this.#loops.get(base)
    const loop = variable && this.counted(variable.loop)
    return loop?.counter === base ? loop : undefined
  }

  /** How a loop counts, if it does nothing else to end. */
  counted(loop: Node): CountedLoop | undefined {
    // While this is found out, the counter is a number like any other.
    return this.#assumed(this.#counted, loop, undefined, () => countedLoop(loop, this.#rewriter, this))
  }

  #atMost(number: WholeNumber): WholeNumber[] {
    const loop = this.loopOf(number)
    if (loop) return [number, ...this.#atMost({ base: loop.end.base, offset: loop.end.offset - 1 + number.offset })]
    const largest = this.#sizes.get(number.base)
    return typeof largest === 'number' ? [number, { base: '', offset: largest + number.offset }] : [number]
  }

  #atLeast(number: WholeNumber): WholeNumber[] {
    const loop = this.loopOf(number)
    if (loop) return [number, { base: '', offset: loop.start + number.offset }]
    return this.#sizes.has(number.base) ? [number, { base: '', offset: number.offset }] : [number]
  }

  #sum(a: WholeNumber, b: WholeNumber): WholeNumber | undefined {
    if (a.base !== '' && b.base !== '') return undefined
    return { base: a.base || b.base, offset: a.offset + b.offset }
  }

  #find(name: string): WholeNumber {
    const constant = this.#rewriter.ints(name)
    if (constant?.length === 1) return { base: '', offset: constant[0]! }
    const variable = this.#loops.get(name)
    if (variable && this.#keepsValue(variable.loop, variable.index)) return this.of(variable.loop.inputs[variable.index + 2]!)
    const node = this.#rewriter.producer(name)
    if (node?.opType === 'Identity') return this.of(node.inputs[0]!)
    if (!node || !this.#isSingle(name)) return unknown(name)
    const [first, second, third] = node.inputs as [string, string, string]
    if (passesOn(node)) return this.of(first)
    switch (node.opType) {
      case 'Add':
        return this.#sum(this.of(first), this.of(second)) ?? unknown(name)
      case 'Sub': {
        const { base, offset } = this.of(second)
        return base === '' ? this.#sum(this.of(first), { base, offset: -offset })! : unknown(name)
      }
      case 'Max': {
        const [a, b] = [this.of(first), this.of(second)]
        return this.#isAtMost(first, b) ? b : this.isLess(a, b) === false ? a : unknown(name)
      }
      case 'ReduceMax':
        return this.#isSingle(first) ? this.of(first) : unknown(name)
      case 'Mod': {
        const [a, b] = [this.of(first), this.of(second)]
        return this.isLess(a, zero) === false && this.isLess(a, b) ? a : unknown(name)
      }
      case 'Where': {
        const chosen = this.#truth(first)
        return chosen === undefined ? unknown(name) : this.of(chosen ? second : third)
      }
      case 'Gather': {
        const index = this.of(second)
        return index.base === '' && this.#rewriter.shape(first)?.length === 1 ? this.#element(first, index.offset) : unknown(name)
      }
      case 'Slice': {
        const start = this.#rewriter.ints(second)
        return start?.length === 1 && this.#rewriter.shape(first)?.length === 1 ? this.#element(first, start[0]!) : unknown(name)
      }
    }
    return unknown(name)
  }

  /** Whether a value is no more than `most`, itself or since what it is the difference of is not. */
  #isAtMost(name: string, most: WholeNumber): boolean {
    if (this.isLess(most, this.of(name)) === false) return true
    const node = this.#rewriter.producer(name)
    if (node?.opType !== 'Sub' || !same(most, zero)) return false
    const [a, b] = node.inputs as [string, string]
    return this.isLess(this.of(b), this.of(a)) === false
  }

  /** One number of a vector. */
  #element(vector: string, index: number): WholeNumber {
    const constant = this.#rewriter.ints(vector)?.at(index)
    if (constant !== undefined) return { base: '', offset: constant }
    const node = this.#rewriter.producer(vector)
    if (index >= 0) {
      if (node?.opType === 'Cast' && passesOn(node)) return this.#element(node.inputs[0]!, index)
      if (node?.opType === 'Shape' && !node.attributes.start) return this.size(node.inputs[0]!, index)
      if (node?.opType === 'Concat') {
        let rest = index
        for (const part of node.inputs) {
          const length = this.#rewriter.dims(part)?.[0]
          if (length === undefined) break
          if (rest < length) return length === 1 ? this.of(part) : this.#element(part, rest)
          rest -= length
        }
      }
    }
    return unknown(partOf(vector, `[${index}]`))
  }

  /** The size of a slice that takes all, or all but the first ones. */
  #sliced({ inputs: [x, starts, ends, axes, steps] }: Node, axis: number): WholeNumber | undefined {
    const along = this.#rewriter.ints(axes)
    const at = along ? along.indexOf(axis) : axis
    const from = this.#rewriter.ints(starts)?.at(at)
    const to = this.#rewriter.ints(ends)?.at(at)
    const step = steps ? this.#rewriter.ints(steps)?.at(at) : 1
    if (at < 0 || from === undefined || to === undefined) return undefined
    const size = this.size(x!, axis)
    if (step === -1 && (from === -1 || from >= toEnd) && to <= -toEnd) return size
    // A slice takes no less than none.
    if (step !== 1 || to < toEnd || from < 0 || this.isLess(size, { base: '', offset: from }) !== false) return undefined
    return { ...size, offset: size.offset - from }
  }

  /** Whether a condition is known to hold, or not to. */
  #truth(name: string): boolean | undefined {
    const node = this.#rewriter.producer(name)
    const [a, b] = (node?.inputs ?? []) as [string, string]
    const less = (x: string, y: string) => this.isLess(this.of(x), this.of(y))
    const not = (truth: boolean | undefined) => (truth === undefined ? undefined : !truth)
    switch (node?.opType) {
      case 'Less':
        return less(a, b)
      case 'Greater':
        return less(b, a)
      case 'GreaterOrEqual':
        return not(less(a, b))
      case 'LessOrEqual':
        return not(less(b, a))
      case 'Or': {
        const sides = [this.#truth(a), this.#truth(b)]
        return sides.includes(true) ? true : sides.includes(undefined) ? undefined : false
      }
    }
    return undefined
  }

  /** Whether a loop gives a variable on as it is. */
  #keepsValue(loop: Node, index: number): boolean {
    const { inputs, outputs } = bodyOf(loop)
    const output = outputs[index + 1]!.name
    const node = this.#rewriter.producer(output)
    return (node?.opType === 'Identity' ? node.inputs[0] : output) === inputs[index + 2]!.name
  }

  #isSingle(name: string): boolean {
    return this.#rewriter.shape(name)?.every((dim) => dim === 1) ?? false
  }

  /** Whether a loop only writes into a variable, which has the shape that it starts with all the time then. */
  #keepsShape(loop: Node, index: number): boolean {
    const { inputs, outputs } = bodyOf(loop)
    const variable = inputs[index + 2]?.name
    const result = outputs[index + 1]?.name
    if (variable === undefined || result === undefined) return false
    // It does if it does at a turn before which it did.
    return this.#assumed(this.#kept, variable, true, () => this.#hasShapeOf(result, variable))
  }

  /** Whether a value is another one with other elements. */
  #hasShapeOf(name: string, other: string): boolean {
    if (name === other) return true
    const node = this.#rewriter.producer(name)
    const passes = node?.opType === 'ScatterND' || node?.opType === 'Identity' || (node !== undefined && this.addsNothing(node))
    return passes && this.#hasShapeOf(node.inputs[0]!, other)
  }

  /** Whether a node that gives a value a larger shape gives it the one that it has. */
  addsNothing({ opType, inputs: [x, amounts] }: Node): boolean {
    const axes = [...(this.#rewriter.shape(x) ?? []).keys()]
    if (opType === 'Pad') {
      const count = this.#rewriter.dims(amounts)?.[0]
      const pads = [...Array(count ?? 0).keys()].map((index) => this.#element(amounts!, index))
      return count !== undefined && pads.every((pad) => same(pad, zero))
    }
    if (opType !== 'Expand' || this.#rewriter.dims(amounts)?.[0] !== axes.length) return false
    return axes.every((axis) => {
      const size = this.#element(amounts!, axis)
      return same(size, { base: '', offset: 1 }) || same(size, this.size(x!, axis))
    })
  }

  /** What comes out when something is taken for granted meanwhile. What was found on the strength of a wrong assumption is forgotten. */
  #assumed<K, T>(answers: Map<K, T>, key: K, assumption: T, find: () => T): T {
    if (!answers.has(key)) {
      const all: Map<unknown, unknown>[] = [this.#known, this.#counted, this.#kept]
      const before = all.map((map) => new Set(map.keys()))
      answers.set(key, assumption)
      const answer = find()
      if (answer !== assumption) {
        for (const [index, map] of all.entries()) {
          for (const found of map.keys()) if (!before[index]!.has(found)) map.delete(found)
        }
        answers.set(key, answer)
      }
    }
    return answers.get(key)!
  }
}
