import { HandleUnknown, type OneHotEncoder } from '../../../format/index.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  giveNumbers,
  inputValue,
  integer,
  invalidInput,
  invalidModel,
  keyOf,
  soleInput,
  soleOutput,
} from './features.ts'

/** A category as an array with a single 1, or as a dictionary with that one entry. */
export function makeOneHotEncoder(spec: ClassicSpec<OneHotEncoder>): ClassicModel {
  const { categoryType, outputSparse, handleUnknown } = spec.parameters
  if (!categoryType.case) throw invalidModel(spec, 'its one-hot encoder has no categories')
  const categories: (string | number | bigint)[] =
    categoryType.case === 'int64Categories' ? categoryType.value.vector.map(integer) : categoryType.value.vector
  const positions = new Map(categories.map((category, position) => [category, position]))
  const input = soleInput(spec)
  const output = soleOutput(spec)
  return {
    compute(inputs) {
      const value = inputValue(spec, inputs, input.name)
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
        throw invalidInput(spec, `input '${input.name}' has to be a string or an integer`)
      const position = positions.get(keyOf(value))
      if (position === undefined && handleUnknown !== HandleUnknown.IgnoreUnknown)
        throw invalidInput(
          spec,
          `input '${input.name}' has the unknown category ${JSON.stringify(String(value))}; known: ${listOf(categories)}`,
        )
      if (outputSparse) return { [output.name]: new Map(position === undefined ? [] : [[position, 1]]) }
      const row = new Float64Array(categories.length)
      if (position !== undefined) row[position] = 1
      return { [output.name]: giveNumbers(output, row) }
    },
  }
}

function listOf(categories: readonly (string | number | bigint)[]): string {
  const shown = categories.slice(0, 8).map((category) => (typeof category === 'string' ? JSON.stringify(category) : String(category)))
  return shown.join(', ') + (categories.length > shown.length ? `, … (${categories.length})` : '')
}
