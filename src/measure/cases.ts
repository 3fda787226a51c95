import { CoreMLError } from '../errors.ts'
import type { FeatureDescription, ImageFeature, ModelDescription } from '../model/description.ts'
import { featureText } from '../model/feature-text.ts'
import { elementCount, type Tensor, type TensorData } from '../model/tensor.ts'
import type { Image } from '../model/values.ts'
import type { NpyArray } from '../npy/npy.ts'
import { readNpz } from '../npy/read.ts'

/** A value out of a .npz file: an array for a multiarray, an image, a string, a number. */
export type CaseValue = NpyArray | Image | string | number | bigint

/** Values of one prediction by feature name. */
export type Case = Record<string, CaseValue>

/**
 * Sorts arrays into cases of the named features. An array is called after its feature (`image`) and has a leading axis of cases unless its rank is the
 * feature's own, or it is one case's (`case3/image`). Where a file holds inputs and outputs alike, `inputs/` and `outputs/` before the name tell them apart.
 * Arrays of other names are left out.
 * @throws CoreMLError ERR_INPUT for an array without a case, one that is no image where one is needed, and where a number of a case is left out: those
 * after it would belong to others
 */
export function casesOf(
  arrays: ReadonlyMap<string, NpyArray>,
  features: readonly FeatureDescription[],
  kind: 'inputs' | 'outputs',
): Case[] {
  const byName = new Map(features.map((feature) => [feature.name, feature]))
  const cases = new Map<number, Case>()
  const refuse = (feature: FeatureDescription, problem: string) =>
    new CoreMLError('ERR_INPUT', `${kind.slice(0, -1)} "${feature.name}" (${featureText(feature)}): ${problem}`)
  const put = (index: number, feature: FeatureDescription, value: NpyArray) => {
    const values = cases.get(index) ?? {}
    values[feature.name] = caseValue(feature, value, refuse)
    cases.set(index, values)
  }
  for (const [key, array] of arrays) {
    const plain = key.startsWith(`${kind}/`) ? key.slice(kind.length + 1) : key
    const numbered = /^case(\d+)\/(.+)$/s.exec(plain)
    const feature = byName.get(numbered ? numbered[2]! : plain)
    if (feature === undefined) continue
    if (numbered) put(Number(numbered[1]), feature, array)
    else {
      const along = alongCases(feature, array)
      if (along.length === 0) throw refuse(feature, `the array of shape (${array.dims.join(', ')}) holds no case: its first axis is 0`)
      for (const [index, one] of along.entries()) put(index, feature, one)
    }
  }
  return Array.from({ length: cases.size }, (_, index) => cases.get(index) ?? refuseGap(kind, index, [...cases.keys()]))
}

function refuseGap(kind: string, index: number, present: readonly number[]): never {
  const next = present.filter((number) => number > index).reduce((least, number) => Math.min(least, number))
  throw new CoreMLError('ERR_INPUT', `there are ${kind} of case ${next} but none of case ${index}: cases are numbered from 0 without gaps`)
}

/** Reads a file's cases of the named features; there must be at least one. */
export async function readCases(path: string, description: ModelDescription, kind: 'inputs' | 'outputs'): Promise<Case[]> {
  const cases = casesOf(await readNpz(path), description[kind], kind)
  if (cases.length === 0) {
    const names = description[kind].map(({ name }) => name).join(', ')
    throw new CoreMLError('ERR_INPUT', `${path} holds no array named after one of the model's ${kind} (${names})`)
  }
  return cases
}

/** Axes of an image in an array with these axes: a last one of 3 or 4 holds colours, unless it is the width of a gray image. */
function imageRank({ colorSpace, width }: ImageFeature, dims: readonly number[]): number {
  const last = dims.at(-1)
  const isWidth = dims.length === 3 && colorSpace.startsWith('gray') && last === width
  return dims.length > 2 && (last === 3 || last === 4) && !isWidth ? 3 : 2
}

/** Axes that a single value of the feature has in an array with these axes; null where the model does not say. */
function rankOf(feature: FeatureDescription, dims: readonly number[]): number | null {
  switch (feature.type) {
    case 'multiArray':
    case 'state':
      return feature.shape.length > 0 ? feature.shape.length : null
    case 'image':
      return imageRank(feature, dims)
    case 'dictionary':
    case 'sequence':
      return 1
    default:
      return 0
  }
}

function alongCases(feature: FeatureDescription, array: NpyArray): NpyArray[] {
  const rank = rankOf(feature, array.dims)
  if (array.dims.length === 0 || rank === array.dims.length) return [array]
  const [count = 0, ...dims] = array.dims
  const size = elementCount(dims)
  return Array.from({ length: count }, (_, i) => {
    const data = array.data.slice(i * size, (i + 1) * size)
    return array.type === 'string' ? { type: 'string', data: data as string[], dims } : { type: array.type, data: data as TensorData, dims }
  })
}

/** Makes the error for an array that does not fit its feature. */
type Refuse = (feature: FeatureDescription, problem: string) => CoreMLError

function caseValue(feature: FeatureDescription, array: NpyArray, refuse: Refuse): CaseValue {
  if (feature.type === 'image' && array.type !== 'string') return imageOf(feature, array, refuse)
  const scalar = feature.type === 'string' || feature.type === 'int64' || feature.type === 'double'
  if (scalar && array.data.length === 1) return array.data[0]!
  return array
}

/** An image from an array [height, width], [height, width, 3] or [height, width, 4] of bytes. */
function imageOf(feature: ImageFeature, { type, data, dims }: Tensor, refuse: Refuse): Image {
  const [height = 0, width = 0, channels = 1] = dims
  const format = channels === 1 ? 'gray8' : 'rgba'
  if (type !== 'uint8' || dims.length < 2 || ![1, 3, 4].includes(channels)) {
    throw refuse(feature, `an image is a uint8 array [height, width] or [height, width, 3 or 4], not ${type} [${dims.join(', ')}]`)
  }
  if (channels !== 3) return { width, height, format, data: data as Uint8Array }
  const pixels = new Uint8Array(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) pixels[4 * i + c] = (data as Uint8Array)[3 * i + c]!
  return { width, height, format, data: pixels }
}
