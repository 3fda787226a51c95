import type { ArrayFeatureExtractor } from '../../../format/index.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, inputValue, invalidInput, numbersOf, soleInput, soleOutput } from './features.ts'

/** Picks elements of an array by index. */
export function makeArrayFeatureExtractor(spec: ClassicSpec<ArrayFeatureExtractor>): ClassicModel {
  const indices = spec.parameters.extractIndex
  const input = soleInput(spec)
  const output = soleOutput(spec)
  return {
    compute(inputs) {
      const numbers = numbersOf(spec, input.name, inputValue(spec, inputs, input.name))
      const picked = Float64Array.from(indices, (index) => {
        if (index >= numbers.length)
          throw invalidInput(spec, `input '${input.name}' has ${numbers.length} values; element ${index} is read`)
        return numbers[index]!
      })
      return { [output.name]: giveNumbers(output, picked) }
    },
  }
}
