import { type Normalizer, NormType } from '../../../format/index.ts'
import { isTensor } from '../../../model/values.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, inputValue, invalidModel, numbersOf, soleInput, soleOutput } from './features.ts'

const norms: Readonly<Record<number, (values: ArrayLike<number>) => number>> = {
  // The greatest magnitude: what scikit-learn's converted 'max' normaliser has to mean, negative values included.
  [NormType.LMax]: (values) => Array.from(values).reduce((norm, value) => Math.max(norm, Math.abs(value)), 0),
  [NormType.L1]: (values) => Array.from(values).reduce((norm, value) => norm + Math.abs(value), 0),
  [NormType.L2]: (values) => Math.sqrt(Array.from(values).reduce((norm, value) => norm + value * value, 0)),
}

/** Divides an array by its norm; an array of norm 0 stays as it is. */
export function makeNormalizer(spec: ClassicSpec<Normalizer>): ClassicModel {
  const norm = norms[spec.parameters.normType]
  if (!norm) throw invalidModel(spec, `unknown norm ${spec.parameters.normType}`)
  const input = soleInput(spec)
  const output = soleOutput(spec)
  return {
    compute(inputs) {
      const value = inputValue(spec, inputs, input.name)
      const numbers = numbersOf(spec, input.name, value)
      const size = norm(numbers)
      const divisor = size === 0 ? 1 : size
      return {
        [output.name]: giveNumbers(
          output,
          Float64Array.from(numbers, (x) => x / divisor),
          isTensor(value) ? value.dims : undefined,
        ),
      }
    },
  }
}
