import { coerceInputs } from '../model/coerce.ts'
import { fromNumbers } from '../model/convert.ts'
import type { FeatureDescription, ModelDescription } from '../model/description.ts'
import { imageFiles } from '../model/image-files.ts'
import { elementCount } from '../model/tensor.ts'
import { type Features, type FeatureValue, isImage, isTensor } from '../model/values.ts'
import { readCases } from './cases.ts'
import type { Categories } from './categories.ts'
import type { InputSource } from './protocol/calls.ts'
import { type Random, seededRandom } from './random.ts'

/** Largest integer that is made up: an index or token that hardly any model lacks. */
const largestInteger = 3

/** A plausible value of a feature: one of `categories`, if there are any, normal numbers in the declared type, small integers, noise for images. */
function generateValue(feature: FeatureDescription, random: Random, categories: readonly (string | number)[] = []): FeatureValue {
  const integer = () => random.integer(0, largestInteger)
  const category = (otherwise: () => string | number) =>
    categories.length === 0 ? otherwise() : categories[random.integer(0, categories.length - 1)]!
  switch (feature.type) {
    case 'multiArray':
    case 'state': {
      const count = elementCount(feature.shape)
      const whole = !feature.dataType.startsWith('float')
      const high = feature.dataType === 'bool' ? 1 : largestInteger
      const values = Float64Array.from({ length: count }, () => (whole ? random.integer(0, high) : random.normal()))
      return { type: feature.dataType, data: fromNumbers(values, feature.dataType), dims: feature.shape }
    }
    case 'image': {
      const gray = feature.colorSpace.startsWith('gray')
      const data = Uint8Array.from({ length: feature.width * feature.height * (gray ? 1 : 4) }, () => random.integer(0, 255))
      if (!gray) for (let i = 3; i < data.length; i += 4) data[i] = 255
      return { width: feature.width, height: feature.height, format: gray ? 'gray8' : 'rgba', data }
    }
    case 'dictionary':
      return new Map(Array.from({ length: 4 }, (_, key) => [feature.keyType === 'string' ? String(key) : key, random.normal()]))
    case 'sequence': {
      const length = Math.max(feature.length?.min ?? 4, 1)
      const element = feature.elementType === 'string' ? () => String(integer()) : integer
      return Array.from({ length }, () => category(element)) as string[] | number[]
    }
    case 'int64':
      return category(integer) as number
    case 'double':
      return random.normal()
    case 'string':
      return category(() => `text ${random.integer(0, 9)}`) as string
  }
}

/** Inputs made up from a model's description and the categories that it knows: the same for the same seed. Optional inputs are left out. */
export async function generateInputs(
  description: ModelDescription,
  seed: number,
  variants: number,
  categories: Categories = {},
): Promise<Features[]> {
  const random = seededRandom(seed)
  const required = description.inputs.filter(({ optional }) => !optional)
  return Promise.all(
    Array.from({ length: variants }, () => {
      const values = Object.fromEntries(required.map((feature) => [feature.name, generateValue(feature, random, categories[feature.name])]))
      return coerceInputs(description.inputs, values, { files: false }, imageFiles)
    }),
  )
}

/** The inputs that a comparison uses, converted to the declared types. */
export async function readInputs(source: InputSource, description: ModelDescription): Promise<Features[]> {
  if (source.kind === 'generated') return generateInputs(description, source.seed, source.variants, source.categories)
  const cases = await readCases(source.path, description, 'inputs')
  return Promise.all(cases.map((values) => coerceInputs(description.inputs, values, { files: false }, imageFiles)))
}

function shapeOf(inputs: Features): string {
  return JSON.stringify(
    Object.entries(inputs).map(([name, value]) => {
      if (isTensor(value)) return [name, value.dims]
      return isImage(value) ? [name, value.width, value.height] : name
    }),
  )
}

/** The inputs that are timed: those of the first one's shapes, since mixed sizes would time the mix. */
export function ofOneShape(inputs: readonly Features[]): Features[] {
  return inputs.filter((one) => shapeOf(one) === shapeOf(inputs[0]!))
}
