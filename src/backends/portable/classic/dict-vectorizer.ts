import type { DictVectorizer } from '../../../format/index.ts'
import type { Dictionary } from '../../../model/values.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  giveNumbers,
  inputValue,
  invalidInput,
  invalidModel,
  soleInput,
  soleOutput,
} from './features.ts'

/**
 * A dictionary by key as an array by position: dense, or as a dictionary of positions where the output is one. Keys that the model does not know are passed
 * over, as Core ML does. Keys are compared as text: a converter may describe an input as keyed by strings and index it by integers.
 */
export function makeDictVectorizer(spec: ClassicSpec<DictVectorizer>): ClassicModel {
  const { map } = spec.parameters
  if (!map.case) throw invalidModel(spec, 'its dictionary vectorizer has no index')
  const keys: (string | bigint)[] = map.value.vector
  const positions = new Map(keys.map((key, position) => [String(key), position]))
  const input = soleInput(spec)
  const output = soleOutput(spec)
  const sparse = output.type?.type.case === 'dictionaryType'
  return {
    compute(inputs) {
      const value = inputValue(spec, inputs, input.name)
      if (!(value instanceof Map)) throw invalidInput(spec, `input '${input.name}' has to be a dictionary`)
      const found: Dictionary = new Map()
      for (const [key, entry] of value) {
        const position = positions.get(String(key))
        if (position !== undefined) found.set(position, entry)
      }
      if (sparse) return { [output.name]: found }
      const row = new Float64Array(keys.length)
      for (const [position, entry] of found) row[position as number] = entry
      return { [output.name]: giveNumbers(output, row) }
    },
  }
}
