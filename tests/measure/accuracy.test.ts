import { describe, expect, test } from 'vitest'
import { compareOutputs } from '../../src/measure/accuracy.ts'
import { casesOf } from '../../src/measure/cases.ts'
import type { FeatureDescription, ModelDescription } from '../../src/model/description.ts'
import { toFloat16 } from '../../src/model/float16.ts'
import type { Tensor } from '../../src/model/tensor.ts'

const metadata = { shortDescription: '', version: '', author: '', license: '', userDefined: {} }
const array = (name: string, shape: number[]): FeatureDescription => ({
  name,
  description: '',
  optional: false,
  type: 'multiArray',
  dataType: 'float32',
  shape,
  flexibility: { kind: 'fixed' },
})
const vector: ModelDescription = { inputs: [], outputs: [array('y', [4])], states: [], metadata }
const classifier: ModelDescription = {
  inputs: [],
  outputs: [
    { name: 'label', description: '', optional: false, type: 'string' },
    { name: 'scores', description: '', optional: false, type: 'dictionary', keyType: 'string' },
  ],
  states: [],
  predictedFeatureName: 'label',
  predictedProbabilitiesName: 'scores',
  classLabels: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
  metadata,
}
const tensor = (...values: number[]): Tensor => ({ type: 'float32', data: Float32Array.from(values), dims: [values.length] })
const only = (results: ReturnType<typeof compareOutputs>) => results[0]!

describe('numbers', () => {
  test('PSNR, cosine and largest error, by hand', () => {
    // Errors 0, 0, 0, 0.02: rmse 0.01; largest reference 4: 20·log10(4 / 0.01) = 52.04 dB.
    const result = only(
      compareOutputs(
        vector,
        [{ y: tensor(1, 2, 3, 4) }],
        [{ y: { ...tensor(1, 2, 3, 4.02), type: 'float64', data: Float64Array.of(1, 2, 3, 4.02) } }],
      ),
    )
    expect(result.psnr).toBeCloseTo(52.0412, 3)
    expect(result.maxError).toBeCloseTo(0.02, 6)
    const [dot, a, b] = [1 + 4 + 9 + 4 * 4.02, 1 + 4 + 9 + 16, 1 + 4 + 9 + 4.02 ** 2]
    expect(result.cosine).toBeCloseTo(dot / Math.sqrt(a * b), 10)
    expect(result).toMatchObject({ passed: true, top1: null, nonFinite: 0, note: null })
  })

  test('zeros have no direction in common with anything', () => {
    const result = only(compareOutputs(vector, [{ y: tensor(0, 0) }], [{ y: tensor(1, 2) }]))
    expect(result).toMatchObject({ passed: false, cosine: 0, maxError: 2 })
  })

  test('the worst case counts', () => {
    const reference = [{ y: tensor(1, 2, 3, 4) }, { y: tensor(1, 2, 3, 4) }]
    const result = only(compareOutputs(vector, reference, [{ y: tensor(1, 2, 3, 4) }, { y: tensor(1, 2, 3, 5) }]))
    // rmse 0.5: 20·log10(8) = 18.06 dB.
    expect(result.psnr).toBeCloseTo(18.0618, 3)
    expect(result).toMatchObject({ passed: false, note: 'PSNR is 18.0 dB, below 40 dB' })
    expect(only(compareOutputs(vector, reference, [{ y: tensor(1, 2, 3, 4) }, { y: tensor(1, 2, 3, 5) }], { psnr: 18 })).passed).toBe(true)
  })

  test('equal outputs are said to be equal; half precision is read as numbers', () => {
    const half: Tensor = { type: 'float16', data: toFloat16([1, 2, 3, 4]), dims: [4] }
    expect(only(compareOutputs(vector, [{ y: tensor(1, 2, 3, 4) }], [{ y: half }]))).toMatchObject({
      psnr: null,
      note: 'equal',
      passed: true,
      cosine: 1,
    })
  })

  test.each([
    ['NaN', tensor(1, 2, 3, Number.NaN), '1 values are NaN or infinite'],
    ['an infinity', tensor(1, 2, Number.POSITIVE_INFINITY, 4), '1 values are NaN or infinite'],
    ['another number of elements', tensor(1, 2, 3), 'case 0: 3 elements where 4 are expected'],
    ['nothing', undefined, 'case 0: is missing'],
    ['zeros', tensor(0, 0, 0, 0), 'PSNR is 3.2 dB, below 40 dB'],
  ])('%s fails', (_, value, note) => {
    expect(only(compareOutputs(vector, [{ y: tensor(1, 2, 3, 4) }], [{ y: value }]))).toMatchObject({ passed: false, note })
  })

  test('a reference of zeros: zeros are right, anything else is not', () => {
    expect(only(compareOutputs(vector, [{ y: tensor(0, 0, 0, 0) }], [{ y: tensor(0, 0, 0, 0) }])).passed).toBe(true)
    expect(only(compareOutputs(vector, [{ y: tensor(0, 0, 0, 0) }], [{ y: tensor(0, 0, 0, 1e-9) }]))).toMatchObject({
      passed: false,
      note: 'the reference is all zeros and the output is not',
    })
  })

  test('infinities of the reference are expected', () => {
    const value = tensor(1, Number.NEGATIVE_INFINITY, 3, Number.NaN)
    expect(only(compareOutputs(vector, [{ y: value }], [{ y: value }]))).toMatchObject({ passed: true, nonFinite: 0 })
  })
})

describe('classifiers', () => {
  const scores = (...values: number[]) => new Map(values.map((value, i) => ['abcdefg'[i]!, value]))
  const expected = { label: 1, scores: tensor(0.1, 0.5, 0.2, 0.1, 0.05, 0.03, 0.02) }

  test('a label may be expected by its place, probabilities as an array in the order of the labels', () => {
    const right = compareOutputs(classifier, [expected], [{ label: 'b', scores: scores(0.1, 0.5, 0.2, 0.1, 0.05, 0.03, 0.02) }])
    expect(right.map(({ passed, top1, top5 }) => [passed, top1, top5])).toEqual([
      [true, 1, null],
      [true, 1, 1],
    ])
  })

  test('another best label fails, however near', () => {
    const near = compareOutputs(
      classifier,
      [expected, expected],
      [
        { label: 'b', scores: scores(0.1, 0.5, 0.2, 0.1, 0.05, 0.03, 0.02) },
        { label: 'c', scores: scores(0.1, 0.34, 0.35, 0.1, 0.05, 0.03, 0.02) },
      ],
    )
    expect(near[0]).toMatchObject({ name: 'label', passed: false, top1: 0.5, note: 'the best label differs in 1 of 2 cases' })
    expect(near[1]).toMatchObject({ name: 'scores', passed: false, top1: 0.5, top5: 1 })
  })

  test('a label that falls out of the best five lowers top-5', () => {
    const far = compareOutputs(classifier, [expected], [{ label: 'a', scores: scores(0.5, 0.01, 0.4, 0.3, 0.2, 0.1, 0.02) }])
    expect(far[1]).toMatchObject({ top1: 0, top5: 0 })
  })

  test('probabilities that lack a label fail', () => {
    const lacking = compareOutputs(classifier, [expected], [{ label: 'b', scores: new Map([['a', 1]]) }])
    expect(lacking[1]).toMatchObject({ passed: false, note: 'case 0: has no entry for "b"' })
  })
})

describe('cases of a file', () => {
  const image: FeatureDescription = {
    name: 'photo',
    description: '',
    optional: false,
    type: 'image',
    width: 2,
    height: 1,
    colorSpace: 'rgb',
    flexibility: { kind: 'fixed' },
  }

  test('a leading axis of cases, one case without it, and numbered cases', () => {
    const features = [array('x', [2, 2])]
    const many = casesOf(
      new Map([['x', { type: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), dims: [2, 2, 2] } as Tensor]]),
      features,
      'inputs',
    )
    expect(many.map(({ x }) => [...((x as Tensor).data as Float32Array)])).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ])
    const one = casesOf(
      new Map([['inputs/x', { type: 'float32', data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] } as Tensor]]),
      features,
      'inputs',
    )
    expect(one).toHaveLength(1)
    const numbered = casesOf(
      new Map([
        ['case1/x', tensor(1, 2)],
        ['case0/x', tensor(3)],
        ['case0/other', tensor(4)],
      ]),
      features,
      'inputs',
    )
    expect(numbered.map(({ x }) => (x as Tensor).dims)).toEqual([[1], [2]])
  })

  test.each([
    [['case0/x', 'case2/x'], /inputs of case 2 but none of case 1/],
    [['case3000000000/x'], /inputs of case 3000000000 but none of case 0/],
  ])('numbers that leave a gap are refused: %j', (keys, message) => {
    const arrays = new Map(keys.map((key) => [key, tensor(1, 2)]))
    expect(() => casesOf(arrays, [array('x', [2])], 'inputs')).toThrow(message)
  })

  test('images of bytes become rgba', () => {
    const pixels: Tensor = { type: 'uint8', data: Uint8Array.of(1, 2, 3, 4, 5, 6), dims: [1, 1, 2, 3] }
    expect(casesOf(new Map([['photo', pixels]]), [image], 'inputs')).toEqual([
      { photo: { width: 2, height: 1, format: 'rgba', data: Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255) } },
    ])
    expect(() => casesOf(new Map([['photo', tensor(1, 2)]]), [image], 'inputs')).toThrow(/uint8 array/)
  })

  test.each([
    ['rgb', 2, [5, 2], 1, 'gray8'],
    ['rgb', 2, [4, 5, 2], 4, 'gray8'],
    ['gray', 2, [5, 2, 3], 1, 'rgba'],
    ['gray', 2, [5, 2, 4], 1, 'rgba'],
    ['gray', 2, [6, 5, 2, 3], 6, 'rgba'],
    ['gray', 3, [5, 2, 3], 5, 'gray8'],
    ['gray', 2, [5, 6, 2], 5, 'gray8'],
  ] as const)('an image of kind %s, %i wide, from %j: %i of %s', (colorSpace, width, dims, count, format) => {
    const pixels: Tensor = { type: 'uint8', data: new Uint8Array(dims.reduce((product, size) => product * size, 1)), dims: [...dims] }
    const found = casesOf(new Map([['photo', pixels]]), [{ ...image, colorSpace, width }], 'inputs')
    expect(found.map(({ photo }) => (photo as { format: string }).format)).toEqual(Array(count).fill(format))
  })
})
