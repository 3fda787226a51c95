import { BareObject } from '../../bare-object.ts'
import { CoreMLError } from '../../errors.ts'
import type { FeatureDescription, ModelDescription } from '../../model/description.ts'
import { bytesOf, type Tensor, type TensorData, type TensorType, typedArray } from '../../model/tensor.ts'
import { type Features, type FeatureValue, type Image, isImage, isTensor } from '../../model/values.ts'
import type { NativeArray, NativeArrayResult, NativeFeatures, NativeResult, NativeResults, NativeValue } from './binding.ts'

/** A tensor for the addon. */
export function toNativeArray(type: TensorType, dims: readonly number[], data: TensorData): NativeArray {
  return { kind: 'array', type, dims, bytes: bytesOf(data) }
}

function toNativeKeys(keys: (string | number | bigint)[], integers: boolean): string[] | bigint[] {
  return integers ? keys.map((key) => BigInt(key)) : keys.map(String)
}

function toNativeImage(image: Image): NativeValue {
  const { format = 'rgba', width, height, data } = image
  return { kind: 'image', format, width, height, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

function toNativeValue(value: FeatureValue, feature: FeatureDescription): NativeValue {
  if (isTensor(value)) return toNativeArray(value.type, value.dims, value.data)
  if (isImage(value)) return toNativeImage(value)
  if (value instanceof Map) {
    const keys = toNativeKeys([...value.keys()], feature.type === 'dictionary' && feature.keyType === 'int64')
    return { kind: 'dictionary', keys, values: Float64Array.from(value.values()) }
  }
  if (Array.isArray(value)) {
    const integers = feature.type === 'sequence' && feature.elementType === 'int64'
    return { kind: 'sequence', items: toNativeKeys(value, integers), integers }
  }
  if (typeof value === 'string') return { kind: 'string', value }
  if (feature.type === 'int64') return { kind: 'int64', value: BigInt(value) }
  return { kind: 'double', value: Number(value) }
}

/** Canonical feature values for the addon. */
export function toNativeFeatures(features: Features, description: ModelDescription): NativeFeatures {
  const result: NativeFeatures = new BareObject()
  for (const feature of description.inputs) {
    const value = features[feature.name]
    if (value !== undefined) result[feature.name] = toNativeValue(value, feature)
  }
  return result
}

/** Integers beyond the safe range stay bigints. */
function fromInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function fromKey(key: string | bigint): string | number | bigint {
  return typeof key === 'bigint' ? fromInteger(key) : key
}

/** In the order of the model's labels where those are the keys; Core ML's own order means nothing. */
function fromNativeDictionary(keys: (string | bigint)[], values: Float64Array, labels: readonly (string | number | bigint)[] | undefined) {
  const unordered = new Map(keys.map((key, i) => [fromKey(key), values[i]!]))
  const order =
    labels?.every((label) => unordered.has(label)) && labels.length === unordered.size ? labels : [...unordered.keys()].sort(compareKeys)
  return new Map(order.map((key) => [key, unordered.get(key)!]))
}

function compareKeys(a: string | number | bigint, b: string | number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** An array of the addon as a tensor; `given` is the caller's memory for the results that came without a buffer of their own. */
export function fromNativeArray({ type, dims, buffer }: NativeArrayResult, given?: TensorData): Tensor {
  if (buffer) return { type, dims, data: typedArray(type, buffer) }
  if (given) return { type, dims, data: given }
  throw new CoreMLError('ERR_INTERNAL', 'an output came without memory')
}

function fromNativeValue(value: NativeResult, labels: ModelDescription['classLabels'], given: TensorData | undefined): FeatureValue {
  switch (value.kind) {
    case 'array':
      return fromNativeArray(value, given)
    case 'image': {
      const { format, width, height, buffer } = value
      const data = format === 'gray16f' ? (typedArray('float16', buffer) as Uint16Array) : new Uint8Array(buffer)
      return { format, width, height, data }
    }
    case 'dictionary':
      return fromNativeDictionary(value.keys, value.values, labels)
    case 'sequence':
      return (value.items as (string | bigint)[]).map(fromKey) as string[]
    case 'int64':
      return fromInteger(value.value)
    default:
      return value.value
  }
}

/** Results of the addon in canonical form, in the order of the description. */
export function fromNativeResults(results: NativeResults, description: ModelDescription, given: Record<string, TensorData> = {}): Features {
  const features: Features = {}
  for (const { name } of description.outputs) {
    const value = results[name]
    if (value !== undefined) features[name] = fromNativeValue(value, description.classLabels, given[name])
  }
  return features
}
