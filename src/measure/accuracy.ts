import { toNumbers } from '../model/convert.ts'
import type { FeatureDescription, ModelDescription } from '../model/description.ts'
import { float16ToFloat32 } from '../model/float16.ts'
import { type FeatureValue, isImage, isTensor } from '../model/values.ts'
import type { CaseValue } from './cases.ts'
import type { OutputAccuracy } from './result.ts'

/** What outputs must reach where nothing else is said. */
export const accuracyLimits = { psnr: 40 }

/** 20·log10(largest reference value / rmse) in dB, from the sum of squared errors over `counted` elements. */
export function psnrOf(largest: number, squares: number, counted: number): number {
  return largest === 0 ? Number.NEGATIVE_INFINITY : 20 * Math.log10(largest / Math.sqrt(squares / counted))
}

/** Outputs of one prediction, measured or expected. */
export type Outputs = Record<string, FeatureValue | CaseValue | undefined>

/** An output as numbers in a fixed order, or as a label. */
type Comparable = { numbers: ArrayLike<number> } | { label: string }

function comparable(
  feature: FeatureDescription,
  value: FeatureValue | CaseValue,
  labels: ModelDescription['classLabels'],
): Comparable | string {
  if (value instanceof Map) {
    const byKey = new Map([...value].map(([key, number]) => [String(key), number]))
    const keys = labels?.map(String) ?? [...byKey.keys()].sort()
    const missing = keys.find((key) => !byKey.has(key))
    return missing === undefined ? { numbers: keys.map((key) => byKey.get(key)!) } : `has no entry for "${missing}"`
  }
  if (feature.type === 'string' || feature.type === 'int64') {
    // A classifier's expected label may be written as its place in the list of labels.
    const place =
      feature.type === 'string' && (typeof value === 'number' || typeof value === 'bigint') ? labels?.[Number(value)] : undefined
    return { label: String(place ?? value) }
  }
  if (typeof value === 'number' || typeof value === 'bigint') return { numbers: [Number(value)] }
  if (typeof value === 'string') return { label: value }
  if (Array.isArray(value)) return { label: JSON.stringify(value.map(String)) }
  if (isImage(value))
    return { numbers: value.format === 'gray16f' ? float16ToFloat32(value.data as Uint16Array) : (value.data as Uint8Array) }
  if (isTensor(value)) return { numbers: toNumbers(value.data, value.type) }
  return { label: JSON.stringify(value.data) }
}

/** Running figures of one output over all cases: the worst of each. */
interface Tally {
  exact: boolean
  psnr: number
  cosine: number
  maxError: number
  nonFinite: number
  numeric: boolean
  ranked: number
  top1: number
  top5: number
  problem: string | null
}

function places(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, index) => index).sort((a, b) => values[b]! - values[a]! || a - b)
}

function addNumbers(tally: Tally, reference: ArrayLike<number>, value: ArrayLike<number>): void {
  let squares = 0
  let largest = 0
  let dot = 0
  let lengthReference = 0
  let lengthValue = 0
  let counted = 0
  for (let i = 0; i < reference.length; i++) {
    const expected = reference[i]!
    const got = value[i]!
    if (!Number.isFinite(expected) || !Number.isFinite(got)) {
      if (!Object.is(expected, got)) tally.nonFinite++
      continue
    }
    counted++
    const error = Math.abs(got - expected)
    squares += error * error
    tally.maxError = Math.max(tally.maxError, error)
    largest = Math.max(largest, Math.abs(expected))
    dot += expected * got
    lengthReference += expected * expected
    lengthValue += got * got
  }
  if (squares === 0) return
  tally.exact = false
  tally.psnr = Math.min(tally.psnr, psnrOf(largest, squares, counted))
  // Zeros have no direction that another value could share.
  const lengths = Math.sqrt(lengthReference) * Math.sqrt(lengthValue)
  tally.cosine = Math.min(tally.cosine, lengths > 0 ? dot / lengths : 0)
}

function isRanking(feature: FeatureDescription, description: ModelDescription): boolean {
  return feature.type === 'dictionary' || feature.name === description.predictedProbabilitiesName
}

function tallyOutput(
  feature: FeatureDescription,
  description: ModelDescription,
  references: readonly Outputs[],
  outputs: readonly Outputs[],
): Tally {
  const tally: Tally = {
    exact: true,
    psnr: Number.POSITIVE_INFINITY,
    cosine: 1,
    maxError: 0,
    nonFinite: 0,
    numeric: false,
    ranked: 0,
    top1: 0,
    top5: 0,
    problem: null,
  }
  for (const [index, reference] of references.entries()) {
    const expected = reference[feature.name]
    if (expected === undefined) continue
    const got = outputs[index]?.[feature.name]
    const wanted = comparable(feature, expected, description.classLabels)
    const found = got === undefined ? 'is missing' : comparable(feature, got, description.classLabels)
    if (typeof wanted === 'string' || typeof found === 'string') {
      tally.problem ??= `case ${index}: ${typeof found === 'string' ? found : `the reference ${wanted}`}`
      continue
    }
    if ('label' in wanted || 'label' in found) {
      tally.ranked++
      if ('label' in wanted && 'label' in found && wanted.label === found.label) tally.top1++
      continue
    }
    if (wanted.numbers.length !== found.numbers.length) {
      tally.problem ??= `case ${index}: ${found.numbers.length} elements where ${wanted.numbers.length} are expected`
      continue
    }
    tally.numeric = true
    addNumbers(tally, wanted.numbers, found.numbers)
    if (!isRanking(feature, description)) continue
    const [right, ours] = [places(wanted.numbers), places(found.numbers)]
    tally.ranked++
    if (right[0] === ours[0]) tally.top1++
    if (ours.slice(0, 5).includes(right[0]!)) tally.top5++
  }
  return tally
}

/** What is wrong with a PSNR, rounded down so that it does not look like the limit. It is infinite where the reference holds nothing but zeros. */
function lowPsnr(psnr: number, limit: number): string {
  if (!Number.isFinite(psnr)) return 'the reference is all zeros and the output is not'
  return `PSNR is ${(Math.floor(psnr * 10) / 10).toFixed(1)} dB, below ${limit} dB`
}

/**
 * Compares one unit's outputs with the reference's, output by output, over all cases. The figures are those of the worst case; a NaN or an infinity
 * that the reference has not, another number of elements or another label fails whatever the rest is.
 */
export function compareOutputs(
  description: ModelDescription,
  references: readonly Outputs[],
  outputs: readonly Outputs[],
  limits: { psnr: number } = accuracyLimits,
): OutputAccuracy[] {
  return description.outputs
    .filter(({ name }) => references.some((reference) => reference[name] !== undefined))
    .map((feature) => {
      const tally = tallyOutput(feature, description, references, outputs)
      const ranked = tally.ranked > 0
      const failures = [
        tally.problem,
        tally.nonFinite > 0 ? `${tally.nonFinite} values are NaN or infinite` : null,
        tally.psnr < limits.psnr ? lowPsnr(tally.psnr, limits.psnr) : null,
        ranked && tally.top1 < tally.ranked ? `the best label differs in ${tally.ranked - tally.top1} of ${tally.ranked} cases` : null,
      ].filter((failure) => failure !== null)
      return {
        name: feature.name,
        psnr: tally.numeric && Number.isFinite(tally.psnr) ? tally.psnr : null,
        cosine: tally.numeric ? tally.cosine : null,
        maxError: tally.numeric ? tally.maxError : null,
        top1: ranked ? tally.top1 / tally.ranked : null,
        top5: ranked && tally.numeric ? tally.top5 / tally.ranked : null,
        nonFinite: tally.nonFinite,
        passed: failures.length === 0,
        note: failures.length > 0 ? failures.join('; ') : tally.exact && tally.numeric ? 'equal' : null,
      }
    })
}
