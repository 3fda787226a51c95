import { CoreMLError } from '../errors.ts'
import { toNumbers, typeOfArray } from './convert.ts'
import type { DictionaryFeature, ScalarFeature, SequenceFeature } from './description.ts'
import { featureText, valueText } from './feature-text.ts'
import type { Tensor, TensorData } from './tensor.ts'
import { type Dictionary, isTensor, type Sequence } from './values.ts'

const int64Low = -(2n ** 63n)
const int64High = 2n ** 63n - 1n

function refuse(feature: { name: string }, expected: string, came: string): CoreMLError {
  return new CoreMLError('ERR_INPUT', `input "${feature.name}": expected ${expected}, got ${came}`)
}

/** A number where it is exact, else a bigint. */
function canonicalInteger(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}

/** The 64-bit integer that a value stands for, or undefined. `text` also reads decimal strings, as keys of plain objects are. */
function asInt64(value: unknown, text = false): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return undefined
    value = BigInt(value)
  } else if (text && typeof value === 'string' && /^-?\d{1,20}$/.test(value)) {
    value = BigInt(value)
  }
  if (typeof value !== 'bigint' || value < int64Low || value > int64High) return undefined
  return canonicalInteger(value)
}

/** The elements of a tensor; half-precision ones, which may come as bits, as numbers. */
function elementsOf({ type, data }: Tensor): ArrayLike<number | bigint> {
  return type === 'float16' ? toNumbers(data, type) : data
}

/** The only element of a tensor, typed array or array of one; anything else unchanged. */
function onlyElement(value: unknown): unknown {
  if (isTensor(value)) return value.data?.length === 1 ? elementsOf(value)[0] : value
  if (typeOfArray(value) !== undefined) return (value as TensorData).length === 1 ? (value as TensorData)[0] : value
  if (Array.isArray(value) && value.length === 1) return onlyElement(value[0])
  return value
}

/** A caller's value as a string, a number, or an integer (bigint only beyond the safe range). */
export function coerceScalar(feature: ScalarFeature, given: unknown): string | number | bigint {
  const expected = featureText(feature)
  const article = feature.type === 'int64' ? `an ${expected}` : `a ${expected}`
  if (feature.type === 'string') {
    if (typeof given !== 'string') throw refuse(feature, article, valueText(given))
    return given
  }
  const value = onlyElement(given)
  if (feature.type === 'double') {
    if (typeof value === 'number') return value
    if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
    throw refuse(feature, article, valueText(given))
  }
  const integer = asInt64(value)
  if (integer === undefined) throw refuse(feature, `${article} of 64 bits`, valueText(given))
  return integer
}

/** A caller's Map or plain object as a dictionary; integer keys may come as decimal strings. */
export function coerceDictionary(feature: DictionaryFeature, value: unknown): Dictionary {
  const expected = `a Map or object from ${feature.keyType === 'string' ? 'strings' : 'integers'} to numbers`
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && !isTensor(value)
  if (!plain) throw refuse(feature, expected, valueText(value))
  const result: Dictionary = new Map()
  for (const [key, raw] of value instanceof Map ? value : Object.entries(value)) {
    const number = typeof raw === 'bigint' || typeof raw === 'boolean' ? Number(raw) : raw
    if (typeof number !== 'number') throw refuse(feature, expected, `${valueText(raw)} under the key ${JSON.stringify(String(key))}`)
    // Converters describe dictionaries with integer keys as keyed by strings: an integer stands for its text.
    const wanted = feature.keyType === 'string' ? (typeof key === 'string' ? key : asInt64(key)?.toString()) : asInt64(key, true)
    if (wanted === undefined) throw refuse(feature, expected, `the key ${JSON.stringify(String(key))} (a ${typeof key})`)
    result.set(wanted, number)
  }
  return result
}

/** A caller's array (or one-dimensional tensor of integers) as a sequence. */
export function coerceSequence(feature: SequenceFeature, value: unknown): Sequence {
  const strings = feature.elementType === 'string'
  const expected = `an array of ${strings ? 'strings' : 'integers'}`
  const items = isTensor(value) ? elementsOf(value) : value
  if (!Array.isArray(items) && typeOfArray(items) === undefined) throw refuse(feature, expected, valueText(value))
  const list = [...(items as unknown[])]
  const { length } = feature
  if (length && (list.length < length.min || (length.max !== null && list.length > length.max))) {
    const bounds =
      length.max === null ? `at least ${length.min}` : length.min === length.max ? `${length.min}` : `${length.min} to ${length.max}`
    throw refuse(feature, `${expected}, ${bounds} of them`, `${list.length}`)
  }
  const converted = list.map((item, index) => {
    const element = strings ? (typeof item === 'string' ? item : undefined) : asInt64(item)
    if (element === undefined) throw refuse(feature, expected, `${valueText(item)} at place ${index}`)
    return element
  })
  return converted as Sequence
}
