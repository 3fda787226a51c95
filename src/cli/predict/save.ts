import { join } from 'node:path'
import { channelsOfFormat } from '../../images/formats.ts'
import { encodePng } from '../../images/png-encode.ts'
import { fromNumbers } from '../../model/convert.ts'
import type { FeatureDescription } from '../../model/description.ts'
import { bytesOf, typedArray } from '../../model/tensor.ts'
import { type Features, type FeatureValue, isImage, isTensor } from '../../model/values.ts'
import type { NpyArray } from '../../npy/npy.ts'
import { encodeNpz } from '../../npy/npz.ts'
import { writeOutput } from '../write-output.ts'

function integers(values: readonly (number | bigint)[], dims: number[]): NpyArray {
  return {
    type: 'int64',
    data: fromNumbers(
      values.map((value) => BigInt(value)),
      'int64',
    ),
    dims,
  }
}

/** The arrays that hold one output: a dictionary becomes two, `name/keys` and `name/values`. What the value alone does not tell is as declared. */
function arraysOf(name: string, value: FeatureValue, declared: FeatureDescription | undefined): [string, NpyArray][] {
  if (typeof value === 'string') return [[name, { type: 'string', data: [value], dims: [] }]]
  if (typeof value === 'bigint') return [[name, integers([value], [])]]
  if (typeof value === 'number') {
    const whole = declared?.type !== 'double' && Number.isSafeInteger(value)
    return [[name, whole ? integers([value], []) : { type: 'float64', data: new Float64Array([value]), dims: [] }]]
  }
  if (value instanceof Map) {
    const keys = [...value.keys()]
    const strings = declared?.type === 'dictionary' ? declared.keyType === 'string' : keys.some((key) => typeof key === 'string')
    return [
      [
        `${name}/keys`,
        strings ? { type: 'string', data: keys.map(String), dims: [keys.length] } : integers(keys as (number | bigint)[], [keys.length]),
      ],
      [`${name}/values`, { type: 'float64', data: Float64Array.from(value.values()), dims: [keys.length] }],
    ]
  }
  if (Array.isArray(value)) {
    const strings = declared?.type === 'sequence' ? declared.elementType === 'string' : value.some((item) => typeof item === 'string')
    return [
      [
        name,
        strings
          ? { type: 'string', data: value.map(String), dims: [value.length] }
          : integers(value as (number | bigint)[], [value.length]),
      ],
    ]
  }
  if (isTensor(value)) return [[name, value]]
  if (isImage(value)) {
    const { width, height, data, format = 'rgba' } = value
    const channels = channelsOfFormat[format]
    const type = format === 'gray16f' ? 'float16' : 'uint8'
    return [
      [
        name,
        {
          type,
          data: typedArray(type, data.buffer, data.byteOffset, data.length),
          dims: channels === 1 ? [height, width] : [height, width, channels],
        },
      ],
    ]
  }
  return []
}

/** One array with a leading axis over the cases, where they all have one type and shape. */
function stack(arrays: readonly NpyArray[]): NpyArray | undefined {
  const [first] = arrays
  if (!first || arrays.some(({ type, dims }) => type !== first.type || dims.join() !== first.dims.join())) return undefined
  const dims = [arrays.length, ...first.dims]
  if (first.type === 'string') return { type: 'string', data: arrays.flatMap(({ data }) => data as string[]), dims }
  const bytes = Buffer.concat(arrays.map((array) => bytesOf((array as typeof first).data)))
  return {
    type: first.type,
    data: typedArray(first.type, bytes.buffer, bytes.byteOffset, bytes.length / first.data.BYTES_PER_ELEMENT),
    dims,
  }
}

/**
 * The outputs as named arrays. Of several predictions, each array gets a leading axis over the cases; where shapes differ, there is one array a case,
 * `case0/name`.
 */
export function arraysOfOutputs(predictions: readonly Features[], declared: readonly FeatureDescription[] = []): Map<string, NpyArray> {
  const features = new Map(declared.map((feature) => [feature.name, feature]))
  const columns = new Map<string, NpyArray[]>()
  for (const outputs of predictions) {
    for (const [name, value] of Object.entries(outputs)) {
      for (const [key, array] of arraysOf(name, value, features.get(name))) columns.set(key, [...(columns.get(key) ?? []), array])
    }
  }
  const result = new Map<string, NpyArray>()
  for (const [key, arrays] of columns) {
    if (predictions.length === 1) {
      result.set(key, arrays[0]!)
      continue
    }
    const stacked = arrays.length === predictions.length ? stack(arrays) : undefined
    if (stacked) result.set(key, stacked)
    else for (const [i, array] of arrays.entries()) result.set(`case${i}/${key}`, array)
  }
  return result
}

/** Writes the outputs to a .npz file. */
export async function saveNpz(path: string, predictions: readonly Features[], declared: readonly FeatureDescription[]): Promise<void> {
  await writeOutput(path, await encodeNpz(arraysOfOutputs(predictions, declared)))
}

/** A file name for an output, without ending, unlike those that are taken (where a file system tells cases apart or not). */
function fileName(output: string, taken: Set<string>): string {
  // Output names come from the model: nothing of them may lead out of the folder.
  let name = output.replaceAll(/[^\p{L}\p{N}._-]/gu, '_').replace(/^\.+/, '_')
  while (taken.has(name.toLowerCase())) name += '_'
  taken.add(name.toLowerCase())
  return name
}

/** Writes image outputs as PNG files in a folder: `name.png`, or `name-0.png` and so on. @returns the file of each, by output name, for each prediction */
export async function saveImages(folder: string, predictions: readonly Features[]): Promise<Map<string, string>[]> {
  const result: Map<string, string>[] = []
  for (const [i, outputs] of predictions.entries()) {
    const files = new Map<string, string>()
    const taken = new Set<string>()
    for (const [name, value] of Object.entries(outputs)) {
      if (isTensor(value) || !isImage(value)) continue
      const safe = fileName(name, taken)
      const file = join(folder, `${safe}${predictions.length > 1 ? `-${i}` : ''}.png`)
      await writeOutput(file, await encodePng({ ...value, format: value.format ?? 'rgba' }))
      files.set(name, file)
    }
    result.push(files)
  }
  return result
}
