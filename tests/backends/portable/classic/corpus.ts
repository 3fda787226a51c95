import { readdirSync, readFileSync } from 'node:fs'
import { fromBinary } from '@bufbuild/protobuf'
import { expect } from 'vitest'
import { makeClassicEvaluator } from '../../../../src/backends/portable/classic/make.ts'
import type { Evaluator } from '../../../../src/backends/portable/evaluator.ts'
import { makePipelineEvaluator } from '../../../../src/backends/portable/pipeline.ts'
import { type Model, pipelineOf } from '../../../../src/format/index.ts'
import { fromNumbers, toNumbers } from '../../../../src/model/convert.ts'
import type { TensorType } from '../../../../src/model/tensor.ts'
import { type Features, type FeatureValue, isImage, isTensor } from '../../../../src/model/values.ts'
import { ModelSchema } from '../../../protobuf-schemas.ts'

const folder = new URL('../../../fixtures/classic/', import.meta.url)

/** A golden fixture: what another library predicts for some inputs. */
export interface Fixture {
  tolerance: number
  cases: { inputs: Features; outputs: Features }[]
}

export function fixtureNames(from: URL = folder): string[] {
  return readdirSync(from)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
}

export function modelUrl(name: string): URL {
  return new URL(`${name}.mlmodel`, folder)
}

export function readModel(name: string): Model {
  return fromBinary(ModelSchema, readFileSync(modelUrl(name)))
}

type Encoded =
  | string
  | number
  | Encoded[]
  | { type: TensorType; dims: number[]; data: Encoded[] }
  | { map: [Encoded, Encoded][] }
  | { number: string }
  | { integer: string }
  | { image: 'rgba' | 'gray8'; width: number; height: number; data: number[] }

function decode(value: Encoded): FeatureValue {
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(decode) as string[]
  if ('number' in value) return Number(value.number)
  if ('integer' in value) return BigInt(value.integer)
  if ('map' in value) return new Map(value.map.map(([key, entry]) => [decode(key) as string | number | bigint, decode(entry) as number]))
  if ('image' in value) return { format: value.image, width: value.width, height: value.height, data: Uint8Array.from(value.data) }
  return {
    type: value.type,
    dims: value.dims,
    data: fromNumbers(
      value.data.map((x) => decode(x) as number),
      value.type,
    ),
  }
}

export function readFixture(name: string, from: URL = folder): Fixture {
  const { tolerance, cases } = JSON.parse(readFileSync(new URL(`${name}.json`, from), 'utf8')) as {
    tolerance: number
    cases: { inputs: Record<string, Encoded>; outputs: Record<string, Encoded> }[]
  }
  const features = (values: Record<string, Encoded>): Features =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, decode(value)]))
  return { tolerance, cases: cases.map(({ inputs, outputs }) => ({ inputs: features(inputs), outputs: features(outputs) })) }
}

/** The evaluator of a classic model or of a pipeline of them. */
export async function makeEvaluator(model: Model, label = 'model'): Promise<Evaluator> {
  if (!pipelineOf(model)) return makeClassicEvaluator(model, label)
  return makePipelineEvaluator(model, { options: { computeUnits: 'all' }, label }, (stage, context) => makeEvaluator(stage, context.label))
}

function expectClose(found: number, expected: number, tolerance: number, where: string): void {
  if (Object.is(found, expected) || found === expected) return
  const allowed = tolerance * Math.max(1, Math.abs(expected))
  expect(Math.abs(found - expected), `${where}: ${found}, expected ${expected}`).toBeLessThanOrEqual(allowed)
}

/** Compares feature values: numbers within the tolerance, everything else exactly. */
export function expectSame(found: FeatureValue | undefined, expected: FeatureValue, tolerance: number, where: string): void {
  if (typeof expected === 'number' && typeof found === 'number') expectClose(found, expected, tolerance, where)
  else if (isImage(expected)) {
    if (!found || !isImage(found)) throw new Error(`${where}: no image`)
    expect({ ...found, data: [...found.data] }, where).toEqual({ ...expected, data: [...expected.data] })
  } else if (isTensor(expected)) {
    if (!isTensor(found)) throw new Error(`${where}: no tensor`)
    expect({ type: found.type, dims: [...found.dims] }, where).toEqual({ type: expected.type, dims: expected.dims })
    const numbers = toNumbers(found.data, found.type)
    const wanted = toNumbers(expected.data, expected.type)
    expect(numbers.length, where).toBe(wanted.length)
    for (let i = 0; i < wanted.length; i++) expectClose(numbers[i]!, wanted[i]!, tolerance, `${where}[${i}]`)
  } else if (expected instanceof Map) {
    if (!(found instanceof Map)) throw new Error(`${where}: no dictionary`)
    expect(new Set(found.keys()), where).toEqual(new Set(expected.keys()))
    for (const [key, value] of expected) expectClose(found.get(key)!, value, tolerance, `${where}.${String(key)}`)
  } else expect(found, where).toEqual(expected)
}
