import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonFeatures, jsonTop } from '../../src/cli/predict/json.ts'
import { arraysOfOutputs, saveImages } from '../../src/cli/predict/save.ts'
import { topLabels } from '../../src/cli/predict/top.ts'
import { decodeImage } from '../../src/images/decode.ts'
import type { FeatureDescription, ModelDescription } from '../../src/model/description.ts'
import type { Features } from '../../src/model/values.ts'
import { base } from '../model/features.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-save-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const outputs: Features = {
  y: { type: 'float32', data: new Float32Array([1, Number.NaN]), dims: [1, 2] },
  label: 'cat',
  count: 3,
  big: 2n ** 60n,
  p: new Map([
    ['cat', 0.75],
    ['dog', 0.25],
  ]),
  ids: [1, 2n ** 60n],
  mask: { width: 2, height: 1, format: 'gray8', data: new Uint8Array([0, 255]) },
}

describe('--out', () => {
  it('holds every kind of output', () => {
    expect(arraysOfOutputs([outputs])).toEqual(
      new Map<string, unknown>([
        ['y', outputs.y],
        ['label', { type: 'string', data: ['cat'], dims: [] }],
        ['count', { type: 'int64', data: new BigInt64Array([3n]), dims: [] }],
        ['big', { type: 'int64', data: new BigInt64Array([2n ** 60n]), dims: [] }],
        ['p/keys', { type: 'string', data: ['cat', 'dog'], dims: [2] }],
        ['p/values', { type: 'float64', data: new Float64Array([0.75, 0.25]), dims: [2] }],
        ['ids', { type: 'int64', data: new BigInt64Array([1n, 2n ** 60n]), dims: [2] }],
        ['mask', { type: 'uint8', data: new Uint8Array([0, 255]), dims: [1, 2] }],
      ]),
    )
  })

  it('stacks the cases, or keeps them apart where shapes differ', () => {
    const tensor = (values: number[]) => ({ type: 'float32' as const, data: new Float32Array(values), dims: [values.length] })
    const cases = [
      { y: tensor([1, 2]), l: 'a' },
      { y: tensor([3, 4]), l: 'b' },
    ]
    expect(arraysOfOutputs(cases)).toEqual(
      new Map<string, unknown>([
        ['y', { type: 'float32', data: new Float32Array([1, 2, 3, 4]), dims: [2, 2] }],
        ['l', { type: 'string', data: ['a', 'b'], dims: [2] }],
      ]),
    )
    expect([...arraysOfOutputs([{ y: tensor([1]) }, { y: tensor([3, 4]) }]).keys()]).toEqual(['case0/y', 'case1/y'])
  })

  it('has the declared type of numbers and of what is empty', () => {
    const declared: FeatureDescription[] = [
      { ...base('y'), type: 'double' },
      { ...base('p'), type: 'dictionary', keyType: 'string' },
      { ...base('s'), type: 'sequence', elementType: 'string' },
    ]
    const cases: Features[] = [
      { y: 1, p: new Map(), s: [] },
      { y: 2.5, p: new Map(), s: [] },
    ]
    expect(arraysOfOutputs(cases, declared)).toEqual(
      new Map<string, unknown>([
        ['y', { type: 'float64', data: new Float64Array([1, 2.5]), dims: [2] }],
        ['p/keys', { type: 'string', data: [], dims: [2, 0] }],
        ['p/values', { type: 'float64', data: new Float64Array(0), dims: [2, 0] }],
        ['s', { type: 'string', data: [], dims: [2, 0] }],
      ]),
    )
  })
})

it('JSON holds what it can, the rest as text', () => {
  const json = JSON.parse(JSON.stringify(jsonFeatures(outputs, new Map([['mask', 'mask.png']]))))
  expect(json).toEqual({
    y: { kind: 'tensor', type: 'float32', dims: [1, 2], data: [1, 'NaN'] },
    label: { kind: 'string', value: 'cat' },
    count: { kind: 'number', value: 3 },
    big: { kind: 'number', value: '1152921504606846976' },
    p: {
      kind: 'dictionary',
      entries: [
        ['cat', 0.75],
        ['dog', 0.25],
      ],
    },
    ids: { kind: 'sequence', values: [1, '1152921504606846976'] },
    mask: { kind: 'image', width: 2, height: 1, format: 'gray8', file: 'mask.png' },
  })
})

it('image outputs are written into the folder, whatever their names', async () => {
  const files = await saveImages(folder, [{ '../mask': outputs.mask!, y: outputs.y! }, { '../mask': outputs.mask! }])
  const path = join(folder, '__mask-0.png')
  expect(files.map((one) => [...one])).toEqual([[['../mask', path]], [['../mask', join(folder, '__mask-1.png')]]])
  expect(await decodeImage(await readFile(path))).toEqual(outputs.mask)
})

it('image outputs of like names get files of their own', async () => {
  const names = ['a b', 'a_b', 'A/B']
  const [files] = await saveImages(folder, [Object.fromEntries(names.map((name) => [name, outputs.mask!]))])
  expect(names.map((name) => files!.get(name))).toEqual(['a_b', 'a_b_', 'A_B__'].map((name) => join(folder, `${name}.png`)))
})

it('the likeliest labels come before those of no number, which JSON has as text', () => {
  const description = { predictedFeatureName: 'label', predictedProbabilitiesName: 'p' } as ModelDescription
  const p = new Map([
    ['a', Number.NaN],
    ['b', 0.25],
    ['c', Number.NaN],
    ['d', 0.75],
  ])
  expect(jsonTop(topLabels(description, { p }))).toEqual([
    { label: 'd', probability: 0.75 },
    { label: 'b', probability: 0.25 },
    { label: 'a', probability: 'NaN' },
    { label: 'c', probability: 'NaN' },
  ])
})
