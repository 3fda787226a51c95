import { ArrayDataType, type FeatureDescription, type Scaler } from '../../../format/index.ts'
import { isTensor } from '../../../model/values.ts'
import { type ClassicModel, type ClassicSpec, giveNumbers, inputValue, invalidInput, numbersOf, soleInput, soleOutput } from './features.ts'

/** scale · (x + shift), element by element or with one scale and shift for all. A result that an integer output cannot hold is an error. */
export function makeScaler(spec: ClassicSpec<Scaler>): ClassicModel {
  const { shiftValue, scaleValue } = spec.parameters
  const input = soleInput(spec)
  const output = soleOutput(spec)
  const integers = givesIntegers(output)
  const at = (values: readonly number[], index: number, otherwise: number) =>
    values.length === 0 ? otherwise : values[values.length === 1 ? 0 : index]!
  return {
    compute(inputs) {
      const value = inputValue(spec, inputs, input.name)
      const numbers = numbersOf(spec, input.name, value)
      for (const values of [shiftValue, scaleValue])
        if (values.length > 1 && values.length !== numbers.length)
          throw invalidInput(spec, `input '${input.name}' has ${numbers.length} values; the scaler has ${values.length}`)
      const scaled = Float64Array.from(numbers, (x, index) => at(scaleValue, index, 1) * (x + at(shiftValue, index, 0)))
      const given = giveNumbers(output, scaled, isTensor(value) ? value.dims : undefined)
      if (integers) {
        const kept = numbersOf(spec, output.name, given)
        const lossy = scaled.find((x, index) => x !== kept[index])
        if (lossy !== undefined) {
          const type = isTensor(given) ? given.type : 'int64'
          throw invalidInput(spec, `output '${output.name}' is an integer (${type}), but the scaled value is ${lossy}`)
        }
      }
      return { [output.name]: given }
    },
  }
}

function givesIntegers({ type }: FeatureDescription): boolean {
  if (type?.type.case === 'int64Type') return true
  return (
    type?.type.case === 'multiArrayType' &&
    (type.type.value.dataType === ArrayDataType.INT32 || type.type.value.dataType === ArrayDataType.INT8)
  )
}
