import { basename } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { toNumbers } from '../model/convert.ts'
import { Model, type ModelLoadOptions } from '../model/model.ts'
import type { Tensor } from '../model/tensor.ts'
import type { Features } from '../model/values.ts'
import { psnrOf } from './accuracy.ts'
import { generateInputs } from './inputs.ts'

/** One of the two runs that are held against each other. */
export interface DivergenceSide {
  path: string
  /** How it is shown. */
  label: string
  options: ModelLoadOptions
}

/** How well one inner value of the two runs agrees; the first run is the reference. */
export interface ValueAgreement {
  name: string
  /** 20·log10(max|reference| / rmse), dB; null where the values are equal, and where they are of two sizes. */
  psnr: number | null
  /** Null where the values are of two sizes. */
  maxError: number | null
  /** Elements that are finite in the reference and not in the other run. */
  nonFinite: number
  /** Only where the two runs have another number of elements. */
  shapes?: { reference: number[]; other: number[] }
}

/** What {@link findDivergence} gives. */
export interface Divergence {
  reference: string
  other: string
  limit: number
  /** Every inner value that both runs have, in the order in which the first computes them. */
  values: ValueAgreement[]
  /** The first that falls below the limit, turns to NaN or infinity, or is of another size; null where none does. */
  first: ValueAgreement | null
}

export interface DivergenceOptions {
  /** Inputs; made up from the description when absent. */
  inputs?: Features
  seed?: number
  /** PSNR in dB below which two values part. */
  limit?: number
  signal?: AbortSignal
}

/**
 * Runs two models, or one model in two precisions, on the same inputs and walks their inner values: which op parts them first?
 * @throws CoreMLError ERR_ARGUMENT where the two runs have no inner value in common
 */
export async function findDivergence(left: DivergenceSide, right: DivergenceSide, options: DivergenceOptions = {}): Promise<Divergence> {
  const { signal, limit = 40 } = options
  const reference = await innerValues(left, options.inputs, options)
  const other = await innerValues(right, reference.inputs, { ...options, signal })
  const values: ValueAgreement[] = []
  for (const [name, expected] of Object.entries(reference.values)) {
    const got = other.values[name]
    if (got) values.push(agreement(name, expected, got))
  }
  if (values.length === 0) {
    throw new CoreMLError('ERR_ARGUMENT', `${left.label} and ${right.label} have no inner value of the same name: nothing can be compared`)
  }
  const first = values.find(({ psnr, nonFinite, shapes }) => shapes || nonFinite > 0 || (psnr !== null && psnr < limit)) ?? null
  return { reference: left.label, other: right.label, limit, values, first }
}

async function innerValues(side: DivergenceSide, given: Features | undefined, { seed = 1, signal }: DivergenceOptions) {
  const model = await Model.load(side.path, { ...side.options, signal })
  try {
    const inputs = given ?? (await generateInputs(model.description, seed, 1))[0]!
    const { intermediates, outputs } = await model.predictDetailed(inputs, { intermediates: 'all', signal })
    const values: Record<string, Tensor> = { ...intermediates }
    for (const [name, value] of Object.entries(outputs)) {
      if (!(name in values) && typeof value === 'object' && 'dims' in value) values[name] = value
    }
    if (Object.keys(values).length === 0) {
      const problem = 'has no inner values to walk: it is neither an ML Program nor a neural network'
      throw new CoreMLError('ERR_ARGUMENT', `${basename(side.path)} ${problem}`)
    }
    return { inputs, values }
  } finally {
    await model.dispose()
  }
}

function agreement(name: string, expected: Tensor, got: Tensor): ValueAgreement {
  if (expected.data.length !== got.data.length) {
    return { name, psnr: null, maxError: null, nonFinite: 0, shapes: { reference: [...expected.dims], other: [...got.dims] } }
  }
  const [left, right] = [toNumbers(expected.data, expected.type), toNumbers(got.data, got.type)]
  let squares = 0
  let largest = 0
  let maxError = 0
  let nonFinite = 0
  let counted = 0
  for (let i = 0; i < left.length; i++) {
    if (!Number.isFinite(left[i])) continue
    if (!Number.isFinite(right[i])) {
      nonFinite++
      continue
    }
    const error = Math.abs(left[i]! - right[i]!)
    squares += error * error
    maxError = Math.max(maxError, error)
    largest = Math.max(largest, Math.abs(left[i]!))
    counted++
  }
  if (squares === 0) return { name, psnr: null, maxError, nonFinite }
  return {
    name,
    psnr: psnrOf(largest, squares, counted),
    maxError,
    nonFinite,
  }
}
