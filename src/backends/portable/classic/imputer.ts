import type { Imputer } from '../../../format/index.ts'
import { type Dictionary, type FeatureValue, isTensor } from '../../../model/values.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  declaredLength,
  giveNumbers,
  integer,
  invalidInput,
  invalidModel,
  keyOf,
  numbersOf,
  soleInput,
  soleOutput,
} from './features.ts'

/** What stands for a missing value, as the spec has it: a oneof. */
type Replace = Imputer['replaceValue']

/** Whether a number is the one that stands for a missing value; NaN where the model names none. */
function isMissingNumber(replace: Replace): (value: number) => boolean {
  if (replace.case === 'replaceDoubleValue' && !Number.isNaN(replace.value)) {
    const missing = replace.value
    return (value) => value === missing
  }
  if (replace.case === 'replaceInt64Value') {
    const missing = Number(replace.value)
    return (value) => value === missing
  }
  return Number.isNaN
}

/** Replaces missing values: single ones, elements of arrays, absent or missing entries of dictionaries. An absent optional input is missing as a whole. */
export function makeImputer(spec: ClassicSpec<Imputer>): ClassicModel {
  const input = soleInput(spec)
  const output = soleOutput(spec)
  const impute = imputation(spec, input.name)
  return {
    compute(inputs) {
      const value = inputs[input.name]
      if (value === undefined && !input.type?.isOptional) throw invalidInput(spec, `input '${input.name}' is missing`)
      return { [output.name]: impute(value) }
    },
  }

  function imputation({ parameters }: ClassicSpec<Imputer>, name: string): (value: FeatureValue | undefined) => FeatureValue {
    const { imputedValue, replaceValue } = parameters
    const isMissing = isMissingNumber(replaceValue)
    const elements = (replacement: (index: number) => number, length: number | undefined) => (value: FeatureValue | undefined) => {
      const numbers = value === undefined ? new Float64Array(length ?? declaredLength(input) ?? 1) : numbersOf(spec, name, value)
      if (length !== undefined && numbers.length !== length)
        throw invalidInput(spec, `input '${name}' has ${numbers.length} values; the imputer has ${length}`)
      const absent = value === undefined
      const filled = Float64Array.from(numbers, (element, index) => (absent || isMissing(element) ? replacement(index) : element))
      return giveNumbers(output, filled, isTensor(value) ? value.dims : undefined)
    }
    switch (imputedValue.case) {
      case 'imputedDoubleValue':
        return elements(() => imputedValue.value, undefined)
      case 'imputedDoubleArray':
        return elements((index) => imputedValue.value.vector[index]!, imputedValue.value.vector.length)
      case 'imputedInt64Array': {
        const values = imputedValue.value.vector.map(Number)
        return elements((index) => values[index]!, values.length)
      }
      case 'imputedInt64Value': {
        const imputed = integer(imputedValue.value)
        const missing = replaceValue.case === 'replaceInt64Value' ? integer(replaceValue.value) : undefined
        return (value) => (value === undefined || (missing !== undefined && keyOf(value as number | bigint) === missing) ? imputed : value)
      }
      case 'imputedStringValue': {
        const missing = replaceValue.case === 'replaceStringValue' ? replaceValue.value : undefined
        return (value) => (value === undefined || value === missing ? imputedValue.value : value)
      }
      case 'imputedStringDictionary':
        return entries(new Map(Object.entries(imputedValue.value.map)))
      case 'imputedInt64Dictionary':
        return entries(new Map(Object.entries(imputedValue.value.map).map(([key, entry]) => [integer(BigInt(key)), entry])))
      default:
        throw invalidModel(spec, 'its imputer has no imputed value')
    }

    function entries(imputed: Dictionary): (value: FeatureValue | undefined) => FeatureValue {
      return (value) => {
        if (value !== undefined && !(value instanceof Map)) throw invalidInput(spec, `input '${name}' has to be a dictionary`)
        const filled: Dictionary = new Map(value)
        for (const [key, replacement] of imputed) {
          const entry = filled.get(key)
          if (entry === undefined || isMissing(entry)) filled.set(key, replacement)
        }
        return filled
      }
    }
  }
}
