import { CoreMLError } from '../errors.ts'
import type { ModelBytes } from '../format/index.ts'
import { checkOptions, type OptionRule } from './options.ts'

const bytes: OptionRule = {
  expected: 'a Uint8Array (a Buffer is one)',
  accepts: (value) => value instanceof Uint8Array,
}

const namedBytes: OptionRule = {
  expected: "an object of Uint8Arrays by path, as in { 'weights/weight.bin': bytes }",
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    Object.values(value).every((each) => each instanceof Uint8Array),
}

/**
 * A model in memory, given as the bytes of a `.mlmodel` or as a specification with its weight files; undefined for a path or URL.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function modelBytes(value: unknown): ModelBytes | undefined {
  if (value instanceof Uint8Array) return { specification: value }
  if (typeof value !== 'object' || value === null || value instanceof URL) return undefined
  checkOptions<ModelBytes>('Model.load: the model in memory', value, { specification: bytes, weights: namedBytes })
  if (value.specification === undefined) {
    throw new CoreMLError('ERR_ARGUMENT', `Model.load: a model in memory needs "specification", ${bytes.expected}`)
  }
  return value
}
