import type { ClassConfidenceThresholding } from '../../../format/index.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, inputValue, numbersOf, soleInput, soleOutput } from './features.ts'

/** Confidences [C] to [2, C]: the confidences themselves, then 1 for every class that is present. The format says that every class is. */
export function makeClassConfidenceThresholding(spec: ClassicSpec<ClassConfidenceThresholding>): ClassicModel {
  const input = soleInput(spec)
  const output = soleOutput(spec)
  return {
    compute(inputs) {
      const confidences = numbersOf(spec, input.name, inputValue(spec, inputs, input.name))
      const rows = new Float64Array(2 * confidences.length).fill(1)
      rows.set(confidences)
      return { [output.name]: giveNumbers(output, rows, [2, confidences.length]) }
    },
  }
}
