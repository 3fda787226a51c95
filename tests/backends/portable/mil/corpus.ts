import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { Model, type Tensor } from '../../../../src/index.ts'
import { fromNumbers, toNumbers } from '../../../../src/model/convert.ts'
import type { TensorType } from '../../../../src/model/tensor.ts'
import { type Features, type FeatureValue, isImage, isTensor } from '../../../../src/model/values.ts'

const folder = new URL('../../../fixtures/mil/', import.meta.url)

/** A golden fixture: what numpy or torch computes for some inputs. */
export interface Fixture {
  tolerance: number
  precision?: 'float32' | 'asDeclared'
  functionName?: string
  /** States after the last case, where the cases are one sequence. */
  states?: Record<string, number[]>
  cases: { inputs: Features; outputs: Features }[]
}

type Encoded =
  | string
  | number
  | { type: TensorType; dims: number[]; data: (number | string)[] }
  | { format: 'rgba' | 'gray8' | 'gray16f'; width: number; height: number; data: number[] }
  | { map: [string | number, number][] }

export function fixtureNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
}

/** The path of a fixture's model. */
export function modelPath(name: string): string {
  return fileURLToPath(new URL(`${name}.mlpackage`, folder))
}

export function loadFixture(name: string, { precision, functionName }: Partial<Fixture> = {}): Promise<Model> {
  return Model.load(modelPath(name), { backend: 'portable', precision, functionName })
}

function decode(value: Encoded): FeatureValue {
  if (typeof value !== 'object') return value
  if ('map' in value) return new Map(value.map)
  if ('format' in value) {
    const data = value.format === 'gray16f' ? (fromNumbers(value.data, 'float16') as Uint16Array) : Uint8Array.from(value.data)
    return { ...value, data }
  }
  return { type: value.type, dims: value.dims, data: fromNumbers(value.data.map(Number), value.type) }
}

export function readFixture(name: string): Fixture {
  const fixture = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
  const features = (values: Record<string, Encoded>): Features =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, decode(value)]))
  return {
    ...fixture,
    cases: fixture.cases.map(({ inputs, outputs }: { inputs: Record<string, Encoded>; outputs: Record<string, Encoded> }) => ({
      inputs: features(inputs),
      outputs: features(outputs),
    })),
  }
}

export function numbersOf(tensor: Tensor): number[] {
  return Array.from(toNumbers(tensor.data, tensor.type))
}

/** Numbers equal within `tolerance`, relative for large ones; infinities and NaN as they are. */
export function expectNumbers(actual: readonly number[], expected: readonly number[], tolerance: number, label: string): void {
  expect(actual.length, label).toBe(expected.length)
  actual.forEach((value, index) => {
    const wanted = expected[index]!
    const close = Object.is(value, wanted) || value === wanted || Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted))
    if (!close) expect.fail(`${label}[${index}]: ${value}, expected ${wanted}`)
  })
}

/** A feature value equal to what is expected; scalars may have one dimension. */
export function expectValue(actual: unknown, expected: FeatureValue, tolerance: number, label: string): void {
  if (isTensor(expected)) {
    const tensor = actual as Tensor
    expect([...tensor.dims], `${label}: shape`).toEqual(expected.dims)
    expectNumbers(numbersOf(tensor), numbersOf(expected), tolerance, label)
  } else if (isImage(expected)) {
    expect(actual, label).toMatchObject({ format: expected.format, width: expected.width, height: expected.height })
    expect(Array.from((actual as typeof expected).data), label).toEqual(Array.from(expected.data))
  } else if (expected instanceof Map) {
    const map = actual as Map<string | number, number>
    expect([...map.keys()], label).toEqual([...expected.keys()])
    expectNumbers([...map.values()], [...expected.values()], tolerance, label)
  } else {
    expect(actual, label).toEqual(expected)
  }
}
