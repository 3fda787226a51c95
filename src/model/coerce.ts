import { CoreMLError } from '../errors.ts'
import type { ImageInputOptions } from '../images/options.ts'
import { coerceTensor } from './coerce-tensor.ts'
import { coerceDictionary, coerceScalar, coerceSequence } from './coerce-values.ts'
import type { FeatureDescription } from './description.ts'
import { featureText } from './feature-text.ts'
import { coerceImage } from './image-input.ts'
import type { ImageReader } from './image-reader.ts'
import { didYouMean } from './suggest.ts'
import { type Features, type FeatureValue, isTensor, noFeatures, ownCopies } from './values.ts'

function coerceOne(
  feature: FeatureDescription,
  value: unknown,
  options: ImageInputOptions,
  images: ImageReader,
): FeatureValue | Promise<FeatureValue> {
  switch (feature.type) {
    case 'multiArray':
    case 'state':
      return coerceTensor(feature, value)
    case 'image':
      return coerceImage(feature, value, options, images)
    case 'dictionary':
      return coerceDictionary(feature, value)
    case 'sequence':
      return coerceSequence(feature, value)
    default:
      return coerceScalar(feature, value)
  }
}

function unknownInput(name: string, features: readonly FeatureDescription[]): CoreMLError {
  const names = features.map((feature) => feature.name)
  const list = features.map((feature) => `${feature.name} (${featureText(feature)})`).join(', ')
  return new CoreMLError('ERR_INPUT', `the model has no input named "${name}"${didYouMean(name, names)} (inputs: ${list || 'none'})`)
}

/**
 * Checks a caller's values against the input descriptions and converts them to the declared types.
 *
 * Where no image has to be read or decoded, the result is there at once (no promise), and tensors of the declared type are views of the caller's memory.
 * Otherwise everything is copied before this function returns, so that the caller is free to change its arrays.
 * @throws CoreMLError ERR_INPUT that names the feature, what was expected and what came
 */
export function coerceInputs(
  features: readonly FeatureDescription[],
  inputs: unknown,
  options: ImageInputOptions,
  images: ImageReader,
): Features | Promise<Features> {
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs) || ArrayBuffer.isView(inputs) || isTensor(inputs)) {
    throw new CoreMLError(
      'ERR_INPUT',
      `inputs must be an object from input names to values, for example { ${features[0]?.name ?? 'name'}: value }`,
    )
  }
  const values: Map<string, unknown> = inputs instanceof Map ? inputs : new Map(Object.entries(inputs))
  const known = features.filter(({ name }) => values.has(name)).length
  if (known < values.size) {
    const names = new Set(features.map(({ name }) => name))
    throw unknownInput(String([...values.keys()].find((name) => !names.has(name))), features)
  }
  const result = noFeatures()
  const pending: Promise<void>[] = []
  for (const feature of features) {
    const value = values.get(feature.name) ?? undefined
    if (value === undefined) {
      if (feature.optional) continue
      throw new CoreMLError('ERR_INPUT', `input "${feature.name}" is missing: expected ${featureText(feature)}`)
    }
    const coerced = coerceOne(feature, value, options, images)
    if (coerced instanceof Promise) {
      pending.push(
        coerced.then((image) => {
          result[feature.name] = image
        }),
      )
    } else {
      result[feature.name] = coerced
    }
  }
  if (pending.length === 0) return result
  Object.assign(result, ownCopies(result))
  return Promise.all(pending).then(() => result)
}
