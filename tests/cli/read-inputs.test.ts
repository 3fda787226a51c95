import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readInputValues } from '../../src/cli/predict/read-inputs.ts'
import type { FeatureDescription } from '../../src/model/description.ts'
import { encodeNpy, type NpyArray } from '../../src/npy/npy.ts'
import { encodeNpz } from '../../src/npy/npz.ts'
import { bytesOfFixture } from '../fixtures/read.ts'
import { base, image, multiArray } from '../model/features.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-inputs-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const x = multiArray('x', 'float32', [2])
const features: FeatureDescription[] = [
  x,
  image('photo', 4, 4),
  { ...base('text'), type: 'string' },
  { ...base('id'), type: 'int64' },
  { ...base('bag'), type: 'dictionary', keyType: 'string' },
  { ...base('words'), type: 'sequence', elementType: 'string' },
  { ...base('ids'), type: 'sequence', elementType: 'int64' },
]

async function one(text: string): Promise<unknown> {
  const [values] = await readInputValues(features, { input: [text] })
  return Object.values(values!)[0]
}

function floats(values: number[], dims: number[]): NpyArray {
  return { type: 'float32', data: new Float32Array(values), dims }
}

describe('--input', () => {
  it.each<[string, unknown]>([
    ['x=1.5', 1.5],
    ['x=1, 2', [1, 2]],
    ['x=[[1,2]]', [[1, 2]]],
    ['x=NaN', Number.NaN],
    ['x=1,-Infinity', [1, Number.NEGATIVE_INFINITY]],
    [
      'x=[["NaN",2],["-Infinity","none"]]',
      [
        [Number.NaN, 2],
        [Number.NEGATIVE_INFINITY, 'none'],
      ],
    ],
    ['words=["NaN"]', ['NaN']],
    ['photo=a.png', 'a.png'],
    ['text=a=b.npy', 'a=b.npy'],
    ['text=5', '5'],
    ['id=9007199254740993', 9007199254740993n],
    ['bag={"a":1}', { a: 1 }],
    ['words=the, cat', ['the', 'cat']],
    ['words=["a,b"]', ['a,b']],
    ['ids=7', [7]],
    ['ids=1, -9007199254740993', [1, -9007199254740993n]],
    ['ids=[9007199254740993, 2]', [9007199254740993n, 2]],
    ['x=[1e300, 0.30000000000000004]', [1e300, 0.30000000000000004]],
    ['words=["9007199254740993", "\\"[9007199254740993]"]', ['9007199254740993', '"[9007199254740993]']],
    ['bag={"9007199254740993":9007199254740993}', { '9007199254740993': 9007199254740993n }],
  ])('%s', async (text, value) => expect(await one(text)).toEqual(value))

  it('takes a value alone where there is one input', async () => {
    expect(await readInputValues([x], { input: ['3,4'] })).toEqual([{ x: [3, 4] }])
    await expect(readInputValues(features, { input: ['3,4'] })).rejects.toThrow(/write name=value/)
  })

  it('reads .npy, .npz and .json files', async () => {
    await writeFile(join(folder, 'x.npy'), encodeNpy(floats([1, 2], [2])))
    const arrays: [string, NpyArray][] = [
      ['x', floats([3, 4], [2])],
      ['other', floats([0], [1])],
    ]
    await writeFile(join(folder, 'x.npz'), await encodeNpz(new Map(arrays)))
    await writeFile(join(folder, 'x.json'), '[5, 6]')
    expect(await one(`x=${folder}/x.npy`)).toMatchObject({ data: new Float32Array([1, 2]), dims: [2] })
    expect(await one(`x=${folder}/x.npz`)).toMatchObject({ data: new Float32Array([3, 4]) })
    expect(await one(`x=${folder}/x.json`)).toEqual([5, 6])
  })

  it('makes a prediction for each case of a leading axis; single values stay', async () => {
    await writeFile(join(folder, 'cases.npy'), encodeNpy(floats([1, 2, 3, 4, 5, 6], [3, 2])))
    const cases = await readInputValues(features, { input: [`x=${folder}/cases.npy`, 'id=7'] })
    expect(cases).toMatchObject([
      { x: { data: new Float32Array([1, 2]) }, id: 7n },
      { x: { data: new Float32Array([3, 4]) }, id: 7n },
      { x: { data: new Float32Array([5, 6]) }, id: 7n },
    ])
  })
})

describe('--inputs', () => {
  it('reads all inputs of a .npz or .json file, and --input replaces one', async () => {
    await writeFile(join(folder, 'all.npz'), await encodeNpz(new Map([['x', floats([1, 2, 3, 4], [2, 2])]])))
    expect(await readInputValues(features, { input: ['x=9,9'], inputs: join(folder, 'all.npz') })).toEqual([{ x: [9, 9] }, { x: [9, 9] }])
    await writeFile(join(folder, 'all.json'), '[{"x": [1, 2], "text": "a"}, {"x": [3, 4], "text": "b"}]')
    expect(await readInputValues(features, { input: [], inputs: join(folder, 'all.json') })).toEqual([
      { x: [1, 2], text: 'a' },
      { x: [3, 4], text: 'b' },
    ])
  })

  it('refuses an array without a case', async () => {
    await writeFile(join(folder, 'none.npy'), encodeNpy(floats([], [0, 2])))
    await expect(readInputValues(features, { input: [`x=${folder}/none.npy`] })).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/^input "x" \(float32 2\): the array of shape \(0, 2\) holds no case/),
    })
  })

  it('names the file that is damaged or of an unknown type, and the input that its array does not fit', async () => {
    const [cut, empty, object, wide] = ['cut.npz', 'empty.npy', 'object.npy', 'wide.npz'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ]
    await writeFile(cut, 'PK')
    await writeFile(empty, '')
    await writeFile(object, bytesOfFixture('npy/object.npy'))
    await writeFile(wide, await encodeNpz(new Map([['photo', floats([1, 2, 3, 4], [2, 2])]])))
    await expect(readInputValues(features, { input: [], inputs: cut })).rejects.toThrow(`${cut}: not a sound .npz file`)
    await expect(one(`x=${empty}`)).rejects.toThrow(`${empty}: not a sound .npy file`)
    await expect(one(`x=${object}`)).rejects.toThrow(`${object}: numpy arrays of the type`)
    await expect(readInputValues(features, { input: [], inputs: wide })).rejects.toThrow(
      'input "photo" (rgb image 4×4): an image is a uint8 array [height, width] or [height, width, 3 or 4], not float32 [2, 2]',
    )
    await writeFile(wide, await encodeNpz(new Map([['x', floats([], [0, 2])]])))
    await expect(readInputValues(features, { input: [], inputs: wide })).rejects.toThrow(/^input "x".*holds no case/)
  })

  it('reads JSON as Windows writes it: with a byte-order mark, or as UTF-16', async () => {
    const file = join(folder, 'marked.json')
    for (const bytes of [Buffer.from('\ufeff{"text": "é"}'), Buffer.from('\ufeff{"text": "é"}', 'utf16le')]) {
      await writeFile(file, bytes)
      expect(await readInputValues(features, { input: [], inputs: file })).toEqual([{ text: 'é' }])
    }
  })

  it('refuses other files and counts that differ', async () => {
    await writeFile(join(folder, 'two.npy'), encodeNpy(floats([1, 2, 3, 4], [2, 2])))
    await writeFile(join(folder, 'three.json'), '[{"id": 1}, {"id": 2}, {"id": 3}]')
    const inputs = join(folder, 'three.json')
    await expect(readInputValues(features, { input: [`x=${folder}/two.npy`], inputs })).rejects.toThrow(/different numbers of cases: 2, 3/)
    await expect(readInputValues(features, { input: [], inputs: join(folder, 'two.npy') })).rejects.toThrow(/takes a \.npz or \.json file/)
  })
})
