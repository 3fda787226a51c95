import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import { fileError } from '../../file-error.ts'
import { fileText } from '../../file-text.ts'
import { casesOf } from '../../measure/cases.ts'
import type { FeatureDescription } from '../../model/description.ts'
import { featureText } from '../../model/feature-text.ts'
import { didYouMean } from '../../model/suggest.ts'
import type { NpyArray } from '../../npy/npy.ts'
import { readNpy, readNpz } from '../../npy/read.ts'
import { parseExactJson } from './exact-json.ts'

/** Values of one prediction, by input name. */
export type InputValues = Record<string, unknown>

function wrongInput(feature: FeatureDescription, text: string): CoreMLError {
  return new CoreMLError('ERR_INPUT', `input "${feature.name}" (${featureText(feature)}): ${text}`)
}

async function readText(path: string): Promise<string> {
  try {
    return fileText(await readFile(path))
  } catch (error) {
    throw fileError(path, error)
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return parseExactJson(text)
  } catch (error) {
    throw new CoreMLError('ERR_INPUT', `${where} is no JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** Values of an array file for one feature: several where the array has a leading axis of cases. */
function arrayValues(feature: FeatureDescription, array: NpyArray): unknown[] {
  return casesOf(new Map([[feature.name, array]]), [feature], 'inputs').map((values) => values[feature.name])
}

/** The number that a text says: a bigint for an integer that a number cannot hold. */
function exactNumber(text: string): number | bigint {
  const value = Number(text)
  return /^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value
}

/** Numbers that JSON has no words for: `--json` writes them as strings. */
const wordedNumbers = new Map([NaN, Infinity, -Infinity].map((number) => [String(number), number]))

/** A JSON value with those strings as numbers, where the feature holds numbers. */
function numbersOf(feature: FeatureDescription, value: unknown): unknown {
  if (feature.type !== 'multiArray' && feature.type !== 'double') return value
  if (Array.isArray(value)) return value.map((item) => numbersOf(feature, item))
  return typeof value === 'string' ? (wordedNumbers.get(value) ?? value) : value
}

/** A value that stands on the command line itself: a number, a list `1,2,3`, JSON, or text for a string. */
function literal(feature: FeatureDescription, text: string): unknown {
  if (feature.type === 'string') return text
  const isNumber = (part: string) => part.trim() === 'NaN' || (part.trim() !== '' && !Number.isNaN(Number(part)))
  if (/^\s*[[{]/.test(text)) return numbersOf(feature, parseJson(text, `input "${feature.name}"`))
  if (feature.type === 'int64' && /^-?\d+$/.test(text)) return BigInt(text)
  if (isNumber(text)) return feature.type === 'sequence' ? [exactNumber(text)] : exactNumber(text)
  const parts = text.split(',')
  if (feature.type === 'sequence' && feature.elementType === 'string') return parts.map((part) => part.trim())
  if (parts.length > 1 && parts.every(isNumber)) return parts.map(exactNumber)
  throw wrongInput(feature, `${JSON.stringify(text)} is neither a number, a list like 1,2,3, JSON, nor a .npy, .npz or .json file`)
}

/** The value, or the values of several cases, that `text` stands for. */
async function valuesOf(feature: FeatureDescription, text: string): Promise<unknown[]> {
  // Text is text: a string input is never taken for a file name.
  if (feature.type === 'string') return [text]
  switch (extname(text).toLowerCase()) {
    case '.npy':
      return arrayValues(feature, await readNpy(text))
    case '.npz': {
      const arrays = await readNpz(text)
      const array = arrays.get(feature.name) ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined)
      if (!array) throw wrongInput(feature, `${text} holds no array of that name (it holds: ${[...arrays.keys()].join(', ')})`)
      return arrayValues(feature, array)
    }
    case '.json':
      return [numbersOf(feature, parseJson(await readText(text), text))]
    default:
      return [feature.type === 'image' ? text : literal(feature, text)]
  }
}

/** Arrays or JSON values of a whole file, for all inputs at once. */
async function casesOfFile(features: readonly FeatureDescription[], path: string): Promise<InputValues[]> {
  switch (extname(path).toLowerCase()) {
    case '.npz': {
      const arrays = await readNpz(path)
      const cases = casesOf(arrays, features, 'inputs')
      if (cases.length === 0) {
        const names = features.map(({ name }) => name).join(', ')
        throw new CoreMLError(
          'ERR_INPUT',
          `${path} holds no array named like an input (inputs: ${names}; it holds: ${[...arrays.keys()].join(', ') || 'nothing'})`,
        )
      }
      return cases
    }
    case '.json': {
      const value = parseJson(await readText(path), path)
      const list = Array.isArray(value) ? value : [value]
      if (list.length === 0 || !list.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one))) {
        throw new CoreMLError('ERR_INPUT', `${path} must hold an object from input names to values, or an array of such objects`)
      }
      const byName = new Map(features.map((feature) => [feature.name, feature]))
      const plain = (name: string, one: unknown) => (byName.has(name) ? numbersOf(byName.get(name)!, one) : one)
      return list.map((one) => Object.fromEntries(Object.entries(one).map(([name, item]) => [name, plain(name, item)])))
    }
    default:
      throw new CoreMLError('ERR_INPUT', `--inputs takes a .npz or .json file, got ${path}`)
  }
}

/** Splits `name=value`; a model with one input takes the value alone. */
function splitInput(features: readonly FeatureDescription[], text: string): [FeatureDescription, string] {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(at, 0))
  const feature = features.find((candidate) => candidate.name === name)
  if (feature) return [feature, text.slice(at + 1)]
  const names = features.map((candidate) => candidate.name)
  if (at <= 0) {
    if (features.length === 1) return [features[0]!, text.slice(at + 1)]
    throw new CoreMLError('ERR_ARGUMENT', `--input ${text}: write name=value (inputs: ${names.join(', ')})`)
  }
  throw new CoreMLError(
    'ERR_INPUT',
    `the model has no input named "${name}"${didYouMean(name, names)} (inputs: ${features.map((one) => `${one.name} (${featureText(one)})`).join(', ')})`,
  )
}

/**
 * The inputs of one or several predictions, from `--input name=value` (given again for each input) and `--inputs file`.
 * Where some inputs come with several cases, those with one value keep it throughout.
 * @throws CoreMLError ERR_INPUT, ERR_ARGUMENT, ERR_FILE
 */
export async function readInputValues(
  features: readonly FeatureDescription[],
  given: { input: readonly string[]; inputs?: string },
): Promise<InputValues[]> {
  const cases = given.inputs === undefined ? [] : await casesOfFile(features, given.inputs)
  const columns: { name: string; values: unknown[] }[] = []
  for (const text of given.input) {
    const [feature, value] = splitInput(features, text)
    if (columns.some(({ name }) => name === feature.name)) throw new CoreMLError('ERR_ARGUMENT', `input "${feature.name}" is given twice`)
    columns.push({ name: feature.name, values: await valuesOf(feature, value) })
  }
  const counts = new Set([...columns.map(({ values }) => values.length), ...(cases.length > 0 ? [cases.length] : [])])
  counts.delete(1)
  if (counts.size > 1) throw new CoreMLError('ERR_INPUT', `the inputs hold different numbers of cases: ${[...counts].join(', ')}`)
  const count = [...counts][0] ?? 1
  return Array.from({ length: count }, (_, i) => ({
    ...(cases.length === 1 ? cases[0] : cases[i]),
    ...Object.fromEntries(columns.map(({ name, values }) => [name, values.length === 1 ? values[0] : values[i]])),
  }))
}
