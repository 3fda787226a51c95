import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ImageFeature, ModelDescription } from '../../src/model/description.ts'
import { float16ToFloat32 } from '../../src/model/float16.ts'
import { Model } from '../../src/model/model.ts'
import { elementCount, type Tensor, typedArray } from '../../src/model/tensor.ts'
import { type Features, type FeatureValue, type Image, isTensor } from '../../src/model/values.ts'
import { decodeNpz } from '../../src/npy/npz.ts'

/** An entry of models/index.json; models/README.md describes the fields. */
export interface Sample {
  name: string
  family: string
  path: string
  card: string
  inputs: string
  expected: string
  cases: number
  psnrDb: number
  stateful: boolean
  classLabels?: string[]
}

/** What the tests read of a card.json. */
export interface Card {
  measured: Record<string, { value: number; heldOut: number }>
}

/** The path of a file under models/. */
export function modelFile(path: string): string {
  return fileURLToPath(new URL(`../../models/${path}`, import.meta.url))
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(modelFile(path), 'utf8')) as T
}

/** Every sample, in the order of the index. */
export const samples: readonly Sample[] = readJson<{ models: Sample[] }>('index.json').models

/** The sample of that name. */
export function sampleNamed(name: string): Sample {
  return samples.find((sample) => sample.name === name)!
}

/** Loads a sample for the CPU, with the portable backend. */
export function loadSample(sample: Sample): Promise<Model> {
  return Model.load(modelFile(sample.path), { computeUnits: 'cpuOnly', backend: 'portable' })
}

/** The numeric arrays of a .npz under models/. */
export async function readArrays(path: string): Promise<Map<string, Tensor>> {
  const arrays = new Map<string, Tensor>()
  for (const [name, array] of await decodeNpz(readFileSync(modelFile(path)))) if (array.type !== 'string') arrays.set(name, array)
  return arrays
}

/** The part of `tensor` at `index` of its first axis. */
export function slice(tensor: Tensor, index: number): Tensor {
  const dims = tensor.dims.slice(1)
  const count = elementCount(dims)
  const bytes = tensor.data.BYTES_PER_ELEMENT
  const data = typedArray(tensor.type, tensor.data.buffer, tensor.data.byteOffset + index * count * bytes, count)
  return { type: tensor.type, data, dims }
}

/** Arrays of one case by feature name, from either form: a leading case axis, or `case<i>/<name>`. */
export function caseArrays(arrays: Map<string, Tensor>, index: number): Record<string, Tensor> {
  const found: Record<string, Tensor> = {}
  for (const [name, tensor] of arrays) {
    const own = /^case(\d+)\/(.*)$/.exec(name)
    if (!own) found[name] = slice(tensor, index)
    else if (Number(own[1]) === index) found[own[2]!] = tensor
  }
  return found
}

/** Raw pixels of a uint8 array [height, width] or [height, width, 3]. */
export function imageOf({ data, dims }: Tensor): Image {
  const [height, width, channels] = dims
  const levels = data as Uint8Array
  if (channels === undefined) return { width: width!, height: height!, format: 'gray8', data: levels }
  const pixels = new Uint8Array(width! * height! * 4).fill(255)
  for (let i = 0; i < width! * height!; i++) pixels.set(levels.subarray(i * 3, i * 3 + 3), i * 4)
  return { width: width!, height: height!, format: 'rgba', data: pixels }
}

/** What `predict` takes for the arrays of one case. */
export function inputsOf(description: ModelDescription, arrays: Record<string, Tensor>): Features {
  const images = new Set(description.inputs.filter((input): input is ImageFeature => input.type === 'image').map((input) => input.name))
  return Object.fromEntries(Object.entries(arrays).map(([name, tensor]) => [name, images.has(name) ? imageOf(tensor) : tensor]))
}

/** Elements as numbers. */
export function numbers(tensor: Tensor): number[] {
  const data = tensor.type === 'float16' ? float16ToFloat32(tensor.data as Uint16Array | Float16Array) : tensor.data
  return Array.from(data as Iterable<number | bigint>, Number)
}

/** Numbers and shape of an output: a tensor, a dictionary of probabilities in the order of the labels, or a label as its index. */
export function outputNumbers(value: FeatureValue, labels: readonly string[] = []): { values: number[]; dims: readonly number[] } {
  if (isTensor(value)) return { values: numbers(value), dims: value.dims }
  if (value instanceof Map) return { values: labels.map((label) => value.get(label) ?? Number.NaN), dims: [value.size] }
  return { values: [labels.indexOf(String(value))], dims: [] }
}

/** 20·log10(max|expected| / root mean square error), in dB. NaN if either holds NaN. */
export function psnr(expected: readonly number[], actual: readonly number[]): number {
  const peak = Math.max(...expected.map(Math.abs))
  const squares = expected.reduce((sum, value, i) => sum + (value - actual[i]!) ** 2, 0)
  return squares === 0 ? Number.POSITIVE_INFINITY : 20 * Math.log10(peak / Math.sqrt(squares / expected.length))
}
