import type { Features } from '../../../model/values.ts'
import { type ClassicSpec, declaredLength, inputsOf, invalidInput, invalidModel, numbersOf } from './features.ts'

/** Turns the inputs of a model (numbers and arrays, in the model's order) into the rows that it computes with. */
export interface Vectorizer {
  /** Values of one row, where the inputs' descriptions say. */
  readonly length: number | undefined
  /** Rows one after another, and how long each is. An optional input that is missing counts as NaN. */
  rows(batch: readonly Features[]): { rows: Float64Array; stride: number }
}

/**
 * @param needed values that the model reads; a row may be longer
 * @throws CoreMLError ERR_MODEL_INVALID where the inputs cannot hold that many
 */
export function makeVectorizer(spec: ClassicSpec, needed: number): Vectorizer {
  const features = inputsOf(spec)
  const lengths = features.map(declaredLength)
  const length = lengths.reduce<number | undefined>((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0)
  if (length !== undefined && length < needed) throw invalidModel(spec, `it reads ${needed} feature values; its inputs hold ${length}`)
  const fill = (inputs: Features, row: Float64Array, from: number): number => {
    let at = from
    features.forEach((feature, index) => {
      const value = inputs[feature.name]
      if (typeof value === 'number') {
        row[at++] = value
      } else if (value === undefined) {
        if (!feature.type?.isOptional) throw invalidInput(spec, `input '${feature.name}' is missing`)
        const count = lengths[index] ?? 1
        row.fill(Number.NaN, at, at + count)
        at += count
      } else {
        const numbers = numbersOf(spec, feature.name, value)
        if (at + numbers.length > row.length + 0)
          throw invalidInput(spec, `input '${feature.name}' has too many values (${numbers.length})`)
        row.set(numbers, at)
        at += numbers.length
      }
    })
    return at - from
  }
  const measure = (inputs: Features): number =>
    features.reduce((sum, { name }, index) => {
      const value = inputs[name]
      return sum + (value === undefined ? (lengths[index] ?? 1) : numbersOf(spec, name, value).length)
    }, 0)
  return {
    length,
    rows(batch) {
      const stride = length ?? Math.max(needed, ...batch.map(measure))
      const rows = new Float64Array(stride * batch.length)
      batch.forEach((inputs, index) => {
        const filled = fill(inputs, rows, index * stride)
        if (filled < needed || filled > stride)
          throw invalidInput(spec, `its inputs hold ${filled} values; ${length ?? `at least ${needed}`} are needed`)
      })
      return { rows, stride }
    },
  }
}
