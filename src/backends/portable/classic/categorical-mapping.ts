import type { CategoricalMapping } from '../../../format/index.ts'
import type { FeatureValue } from '../../../model/values.ts'
import {
  type ClassicModel,
  type ClassicSpec,
  inputValue,
  integer,
  invalidInput,
  invalidModel,
  keyOf,
  soleInput,
  soleOutput,
} from './features.ts'

type Category = string | number | bigint

/** Strings to integers or back, single values and sequences. */
export function makeCategoricalMapping(spec: ClassicSpec<CategoricalMapping>): ClassicModel {
  const { mappingType, valueOnUnknown } = spec.parameters
  const categories = new Map<Category, Category>()
  if (mappingType.case === 'stringToInt64Map')
    for (const [key, value] of Object.entries(mappingType.value.map)) categories.set(key, integer(value))
  else if (mappingType.case === 'int64ToStringMap')
    for (const [key, value] of Object.entries(mappingType.value.map)) categories.set(integer(BigInt(key)), value)
  else throw invalidModel(spec, 'its categorical mapping has no map')
  const unknown: Category | undefined = valueOnUnknown.case === 'int64Value' ? integer(valueOnUnknown.value) : valueOnUnknown.value
  if (unknown !== undefined && (typeof unknown === 'string') !== (mappingType.case === 'int64ToStringMap'))
    throw invalidModel(spec, 'its value for unknown categories is of the wrong type')
  const input = soleInput(spec)
  const output = soleOutput(spec)
  const map = (value: FeatureValue): Category => {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
      throw invalidInput(spec, `input '${input.name}' has to be a string or an integer, or a sequence of them`)
    const mapped = categories.get(keyOf(value)) ?? unknown
    if (mapped === undefined) throw invalidInput(spec, `input '${input.name}' has the unknown category ${JSON.stringify(String(value))}`)
    return mapped
  }
  return {
    compute(inputs) {
      const value = inputValue(spec, inputs, input.name)
      return { [output.name]: Array.isArray(value) ? (value.map(map) as string[]) : map(value) }
    },
  }
}
