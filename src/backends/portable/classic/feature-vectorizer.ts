import type { FeatureVectorizer } from '../../../format/index.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  giveNumbers,
  inputValue,
  invalidInput,
  invalidModel,
  numbersOf,
  soleOutput,
} from './features.ts'

/** Puts numbers, arrays and index → value dictionaries one after another into a single array. */
export function makeFeatureVectorizer(spec: ClassicSpec<FeatureVectorizer>): ClassicModel {
  const columns = spec.parameters.inputList
  const output = soleOutput(spec)
  const length = columns.reduce((sum, { inputDimensions }) => sum + inputDimensions, 0)
  if (columns.some(({ inputDimensions }) => inputDimensions < 1)) throw invalidModel(spec, 'an input of its vectorizer has no dimensions')
  return {
    compute(inputs) {
      const row = new Float64Array(length)
      let start = 0
      for (const { inputColumn: name, inputDimensions: size } of columns) {
        const value = inputValue(spec, inputs, name)
        if (value instanceof Map) {
          for (const [key, entry] of value) {
            const at = Number(key)
            if (!Number.isInteger(at) || at < 0 || at >= size)
              throw invalidInput(spec, `input '${name}' has the key ${String(key)}; its ${size} places are numbered from 0`)
            row[start + at] = entry
          }
        } else {
          const numbers = numbersOf(spec, name, value)
          if (numbers.length !== size) throw invalidInput(spec, `input '${name}' has ${numbers.length} values; ${size} are expected`)
          row.set(numbers, start)
        }
        start += size
      }
      return { [output.name]: giveNumbers(output, row) }
    },
  }
}
