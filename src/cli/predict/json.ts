import { toNumbers } from '../../model/convert.ts'
import type { Features, FeatureValue } from '../../model/values.ts'
import { isImage, isTensor } from '../../model/values.ts'
import { jsonNumber } from '../json-number.ts'
import type { Ranked } from './top.ts'

function jsonValue(value: FeatureValue, file: string | undefined): unknown {
  if (typeof value === 'string') return { kind: 'string', value }
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'number', value: jsonNumber(value) }
  if (value instanceof Map)
    return {
      kind: 'dictionary',
      entries: Array.from(value, ([key, number]) => [typeof key === 'string' ? key : jsonNumber(key), jsonNumber(number)]),
    }
  if (Array.isArray(value)) return { kind: 'sequence', values: value.map((item) => (typeof item === 'string' ? item : jsonNumber(item))) }
  if (isTensor(value)) {
    const { type, dims, data } = value
    const numbers: ArrayLike<number | bigint> =
      data instanceof BigInt64Array || data instanceof BigUint64Array ? data : toNumbers(data, type)
    return { kind: 'tensor', type, dims, data: Array.from(numbers, jsonNumber) }
  }
  if (isImage(value)) return { kind: 'image', width: value.width, height: value.height, format: value.format ?? 'rgba', file }
  throw new TypeError('a feature value of no known kind')
}

/** Outputs as JSON values. `files` names the PNG file of each image output. */
export function jsonFeatures(outputs: Features, files: ReadonlyMap<string, string> = new Map()): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, jsonValue(value, files.get(name))]))
}

/** The likeliest labels as JSON values. */
export function jsonTop(top: readonly Ranked[] | undefined) {
  return top?.map(({ label, probability }) => ({ label, probability: jsonNumber(probability) }))
}
