import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { coerceInputs } from '../../src/model/coerce.ts'
import type { FeatureDescription } from '../../src/model/description.ts'
import { float16ToFloat32 } from '../../src/model/float16.ts'
import { imageFiles } from '../../src/model/image-files.ts'
import type { Tensor } from '../../src/model/tensor.ts'
import type { Features, Image } from '../../src/model/values.ts'
import { fixture } from '../fixtures/read.ts'
import { base, image, multiArray } from './features.ts'

/** The only input, converted. */
function one(feature: FeatureDescription, value: unknown, options = {}): unknown {
  const result = coerceInputs([feature], { [feature.name]: value }, options, imageFiles)
  return result instanceof Promise ? result.then((features) => features[feature.name]) : result[feature.name]
}

function refusal(feature: FeatureDescription, value: unknown, message: RegExp): void {
  expect(() => one(feature, value)).toThrow(expect.objectContaining({ code: 'ERR_INPUT', message: expect.stringMatching(message) }))
}

describe('multiarrays', () => {
  const x = multiArray('x', 'float32', [2, 3])
  const expected = { type: 'float32', data: new Float32Array([1, 2, 3, 4, 5, 6]), dims: [2, 3] }

  it.each<[string, unknown]>([
    ['a tensor', expected],
    ['a tensor of doubles', { type: 'float64', data: new Float64Array([1, 2, 3, 4, 5, 6]), dims: [2, 3] }],
    ['a tensor of int64', { type: 'int64', data: new BigInt64Array([1n, 2n, 3n, 4n, 5n, 6n]), dims: [2, 3] }],
    ['float16 bits', { type: 'float16', data: new Uint16Array([0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600]), dims: [2, 3] }],
    ['a tensor with a leading one', { ...expected, dims: [1, 2, 3] }],
    ['a typed array', new Float32Array([1, 2, 3, 4, 5, 6])],
    ['a typed array of another type', new Int16Array([1, 2, 3, 4, 5, 6])],
    [
      'nested arrays',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ['a flat array', [1, 2, 3, 4, 5, 6]],
    [
      'nested arrays with a leading one',
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
    ],
    [
      'bigints and numbers mixed',
      [
        [1n, 2, 3],
        [4, 5, 6n],
      ],
    ],
  ])('take %s', (_name, value) => {
    expect(one(x, value)).toEqual(expected)
  })

  it('round to float16 where that is declared, and read bare 16-bit integers as its bits', () => {
    const half = multiArray('h', 'float16', [2])
    const tensor = one(half, [0.1, 1 / 3]) as Tensor
    // The nearest float16 values of 0.1 and 1/3, from the standard's spacing of 2^-14 and 2^-12.
    expect(Array.from(float16ToFloat32(tensor.data as Uint16Array))).toEqual([
      Math.round(0.1 * 2 ** 14) / 2 ** 14,
      Math.round((1 / 3) * 2 ** 12) / 2 ** 12,
    ])
    const bits = one(half, new Uint16Array([0x3c00, 0xc000])) as Tensor
    expect(Array.from(float16ToFloat32(bits.data as Uint16Array))).toEqual([1, -2])
  })

  it('take a number where one element is enough', () => {
    expect(one(multiArray('n', 'int32', [1, 1]), 7.9)).toEqual({ type: 'int32', data: new Int32Array([7]), dims: [1, 1] })
    expect(one(multiArray('n', 'float32', []), 2)).toEqual({ type: 'float32', data: new Float32Array([2]), dims: [1] })
  })

  it('find the shape of flat data where only one fits', () => {
    const range = multiArray('r', 'float32', [1, 3], {
      kind: 'range',
      ranges: [
        { min: 1, max: 8 },
        { min: 3, max: 3 },
      ],
    })
    expect((one(range, new Float32Array(12)) as Tensor).dims).toEqual([4, 3])
    const enumerated = multiArray('e', 'float32', [1, 4], {
      kind: 'enumerated',
      shapes: [
        [1, 4],
        [1, 6],
        [2, 3],
      ],
    })
    expect((one(enumerated, new Float32Array(4)) as Tensor).dims).toEqual([1, 4])
    refusal(enumerated, new Float32Array(6), /input "e": expected float32 1×4 or 1×6 or 2×3, got a Float32Array of 6 \(give a tensor/)
    const tensor = (dims: number[]) => ({ type: 'float32', data: new Float32Array(dims.reduce((a, b) => a * b)), dims })
    refusal(
      enumerated,
      tensor([1, 5]),
      /got a tensor float32 1×5 \(Core ML: MultiArray Shape \(1 x 5\) was not in enumerated set of allowed shapes\)/,
    )
    refusal(range, tensor([9, 3]), /got a tensor float32 9×3 \(Core ML: Size \(9\) of dimension \(0\) is not in allowed range \(1\.\.8\)\)/)
    refusal(range, tensor([2, 2]), /Size \(2\) of dimension \(1\) is not in allowed range \(3\.\.3\)/)
    refusal(range, tensor([2, 3, 4]), /got a tensor float32 2×3×4$/)
    refusal(range, new Float32Array(27), /expected float32 1…8×3, got a Float32Array of 27/)
  })

  it.each<[string, unknown, RegExp]>([
    ['another shape', { ...expected, dims: [3, 2] }, /input "x": expected float32 2×3, got a tensor float32 3×2/],
    ['another rank', { ...expected, dims: [6] }, /got a tensor float32 6/],
    ['dims that do not fit the data', { ...expected, dims: [2, 4] }, /dims 2×4 \(8 elements\) with 6 elements of data/],
    ['an unknown type', { ...expected, type: 'complex64' }, /unknown type "complex64"/],
    ['data of another type than stated', { ...expected, type: 'int32' }, /a tensor of int32 whose data is a Float32Array of 6/],
    ['negative dims', { ...expected, dims: [-2, -3] }, /dims are no array of whole numbers/],
    ['too few elements', [1, 2, 3], /got nested arrays of shape 3/],
    [
      'ragged arrays',
      [
        [1, 2, 3],
        [4, 5],
      ],
      /is ragged: \[1\] has 2 elements where 3 are expected/,
    ],
    [
      'text in an array',
      [
        [1, 2, 3],
        [4, 'five', 6],
      ],
      /has the string "five" at \[1\]\[1\] where a number should be/,
    ],
    ['a string', 'x.npy', /expected float32 2×3 .*, got the string "x.npy"/],
    ['a number', 4, /got the number 4/],
    ['an object', { a: 1 }, /got a plain object/],
  ])('refuse %s', (_name, value, message) => refusal(x, value, message))

  it('refuse an array that holds itself', () => {
    const loop: unknown[] = []
    loop.push(loop)
    refusal(x, loop, /nested more than 16 deep/)
  })
})

describe('scalars', () => {
  it.each<[string, 'int64' | 'double' | 'string', unknown, unknown]>([
    ['a number', 'double', 1.5, 1.5],
    ['a bigint as double', 'double', 3n, 3],
    ['an array of one', 'double', [[2.5]], 2.5],
    ['a tensor of one', 'double', { type: 'float16', data: new Uint16Array([0x3e00]), dims: [1] }, 1.5],
    ['a typed array of one', 'int64', new BigInt64Array([9n]), 9],
    ['a whole number', 'int64', -3, -3],
    ['a bigint in the safe range', 'int64', 5n, 5],
    ['a bigint beyond it', 'int64', 2n ** 60n, 2n ** 60n],
    ['a truth value', 'int64', true, 1],
    ['a string', 'string', 'cat', 'cat'],
    ['an empty string', 'string', '', ''],
  ])('%s', (_name, type, value, expected) => {
    expect(one({ ...base('s'), type }, value)).toEqual(expected)
  })

  it.each<['int64' | 'double' | 'string', unknown, RegExp]>([
    ['int64', 1.5, /input "s": expected an integer of 64 bits, got the number 1.5/],
    ['int64', 2n ** 63n, /got the bigint 9223372036854775808/],
    ['int64', '5', /got the string "5"/],
    ['double', 'x', /expected a number, got the string "x"/],
    ['double', [1, 2], /got an array of 2/],
    ['string', 5, /expected a string, got the number 5/],
  ])('%s refuses %s', (type, value, message) => refusal({ ...base('s'), type }, value, message))
})

describe('dictionaries and sequences', () => {
  const words: FeatureDescription = { ...base('d'), type: 'dictionary', keyType: 'string' }
  const numbers: FeatureDescription = { ...base('d'), type: 'dictionary', keyType: 'int64' }

  it('take Maps and plain objects', () => {
    expect(one(words, { a: 1, b: 2n })).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    expect(one(words, new Map([['a', 0.5]]))).toEqual(new Map([['a', 0.5]]))
    expect(one(numbers, { 3: 1, '-4': 2 })).toEqual(
      new Map([
        [3, 1],
        [-4, 2],
      ]),
    )
    expect(
      one(
        numbers,
        new Map<unknown, number>([
          [2n ** 60n, 1],
          ['7', 2],
        ]),
      ),
    ).toEqual(
      new Map<unknown, number>([
        [2n ** 60n, 1],
        [7, 2],
      ]),
    )
  })

  it('integer keys stand for their text where strings are declared', () => {
    expect(one(words, new Map([[44, 2]]))).toEqual(new Map([['44', 2]]))
  })

  it('refuse other keys and values', () => {
    refusal(words, new Map([[1.5, 2]]), /from strings to numbers, got the key "1.5" \(a number\)/)
    refusal(numbers, { x: 1 }, /from integers to numbers, got the key "x"/)
    refusal(words, { a: 'b' }, /got the string "b" under the key "a"/)
    refusal(words, [1], /got an array of 1/)
  })

  it('sequences', () => {
    const strings: FeatureDescription = { ...base('s'), type: 'sequence', elementType: 'string', length: { min: 1, max: 2 } }
    const integers: FeatureDescription = { ...base('s'), type: 'sequence', elementType: 'int64' }
    expect(one(strings, ['a', 'b'])).toEqual(['a', 'b'])
    expect(one(integers, [1, 2n, 2n ** 60n])).toEqual([1, 2, 2n ** 60n])
    expect(one(integers, new Int32Array([4, 5]))).toEqual([4, 5])
    expect(one(integers, { type: 'int64', data: new BigInt64Array([4n]), dims: [1] })).toEqual([4])
    expect(one(integers, { type: 'float16', data: Uint16Array.of(0x4000, 0xbc00), dims: [2] })).toEqual([2, -1])
    refusal(strings, [], /1 to 2 of them, got 0/)
    refusal(strings, ['a', 1], /got the number 1 at place 1/)
    refusal(integers, [1.5], /got the number 1.5 at place 0/)
    refusal(integers, 5, /got the number 5/)
  })
})

describe('names', () => {
  const features: FeatureDescription[] = [multiArray('image', 'float32', [1]), { ...base('hint', true), type: 'string' }]

  it('suggest the one that was meant', () => {
    expect(() => coerceInputs(features, { imgae: 1 }, {}, imageFiles)).toThrow(
      /no input named "imgae"; did you mean "image"\? \(inputs: image \(float32 1\), hint \(string\)\)$/,
    )
    expect(() => coerceInputs(features, { zzzzz: 1 }, {}, imageFiles)).toThrow(/no input named "zzzzz" \(inputs: /)
  })

  it('say which input is missing; optional ones may be left out', () => {
    expect(() => coerceInputs(features, {}, {}, imageFiles)).toThrow(/input "image" is missing: expected float32 1/)
    expect(coerceInputs(features, { image: 1, hint: undefined }, {}, imageFiles)).toEqual({
      image: { type: 'float32', data: new Float32Array([1]), dims: [1] },
    })
  })

  it.each([[null], [5], [[1]], [new Float32Array(1)], ['x']])('inputs must be an object, not %j', (inputs) => {
    expect(() => coerceInputs(features, inputs, {}, imageFiles)).toThrow(/inputs must be an object/)
  })

  it('names of Object.prototype are ordinary names', () => {
    expect(() => coerceInputs(features, { image: 1, toString: 2 }, {}, imageFiles)).toThrow(/no input named "toString"/)
    const optional: FeatureDescription = { ...base('constructor', true), type: 'double' }
    const coerced = coerceInputs([...features, optional], { image: 1 }, {}, imageFiles) as Features
    expect(coerced.constructor).toBeUndefined()
    const odd = [multiArray('constructor', 'float32', [1])]
    expect(() => coerceInputs(odd, {}, {}, imageFiles)).toThrow(/input "constructor" is missing/)
  })
})

describe('images', () => {
  const rgb = image('photo', 13, 11)
  const path = fixture('images/rgb8.png')
  const pixels = { width: 2, height: 1, data: new Uint8ClampedArray([1, 2, 3, 4, 5, 6, 7, 8]) }

  it('take a path, a file: URL and the bytes of a file', async () => {
    const fromPath = (await one(rgb, path)) as Image
    expect(fromPath).toMatchObject({ width: 13, height: 11, format: 'rgba' })
    expect(await one(rgb, pathToFileURL(path))).toEqual(fromPath)
    expect(await one(rgb, pathToFileURL(path).href)).toEqual(fromPath)
    expect(await one(rgb, readFileSync(path))).toEqual(fromPath)
    const bytes = readFileSync(path)
    expect(await one(rgb, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))).toEqual(fromPath)
  })

  it('take raw pixels at once, rgba where no format is stated', () => {
    expect(one(image('i', 2, 1), pixels)).toEqual({ ...pixels, format: 'rgba' })
    expect(one(image('i', 2, 1, { colorSpace: 'bgr' }), { ...pixels, format: 'bgra' })).toMatchObject({
      format: 'rgba',
      data: new Uint8Array([3, 2, 1, 4, 7, 6, 5, 8]),
    })
    expect(
      one(image('i', 2, 1, { colorSpace: 'gray' }), { width: 2, height: 1, format: 'gray8', data: new Uint8Array([7, 9]) }),
    ).toMatchObject({ format: 'gray8' })
  })

  it('are resized to the default size unless the model takes theirs', () => {
    expect(one(image('i', 1, 1), { ...pixels, data: new Uint8Array([0, 0, 0, 255, 100, 200, 50, 255]) })).toMatchObject({
      width: 1,
      height: 1,
      data: new Uint8Array([50, 100, 25, 255]),
    })
    const sizes = image('i', 1, 1, { flexibility: { kind: 'enumerated', sizes: [{ width: 2, height: 1 }] } })
    expect(one(sizes, pixels)).toMatchObject({ width: 2, height: 1 })
    const range = image('i', 1, 1, { flexibility: { kind: 'range', width: { min: 1, max: null }, height: { min: 1, max: 4 } } })
    expect(one(range, pixels)).toMatchObject({ width: 2, height: 1 })
    expect(() => one(image('i', 1, 1), pixels, { resize: 'none' })).toThrow(
      /input "i": expected rgb image 1×1, got an image 2×1 \(resizing is turned off\)/,
    )
  })

  it('files: false turns paths and URLs off', () => {
    expect(() => one(rgb, path, { files: false })).toThrow(/reading files is turned off/)
    expect(() => one(rgb, pathToFileURL(path), { files: false })).toThrow(/reading files is turned off/)
  })

  it.each<[string, unknown, RegExp]>([
    ['an http URL', new URL('http://localhost/x.png'), /a URL with http:; only file: URLs are read/],
    ['another URL as a string', 'https://localhost/x.png', /a string is a path or a file: URL/],
    ['a tensor', { type: 'float32', data: new Float32Array(3), dims: [3] }, /got a tensor float32 3; give pixels as \{ width/],
    ['a number', 5, /got the number 5 \(give a path/],
    ['too few samples', { ...pixels, width: 3 }, /got rgba image 3×1 with 8 samples where 12 are expected/],
    ['an unknown format', { ...pixels, format: 'yuv' }, /unknown format "yuv"/],
    ['another sample type', { ...pixels, data: new Float32Array(8) }, /whose data is a Float32Array of 8/],
    ['a size that is no number', { ...pixels, width: 1.5 }, /an image of the size 1.5×1/],
  ])('refuse %s', (_name, value, message) => refusal(rgb, value, message))

  it('refuse files that are missing, no files or no images', async () => {
    await expect(one(rgb, '/no/such/file.png')).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: 'input "photo": no such file or folder: /no/such/file.png',
    })
    await expect(one(rgb, fixture('images'))).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringMatching(/is no file$/) })
    await expect(one(rgb, fixture('images/make.py'))).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/make\.py: the bytes are no image file/),
    })
    await expect(one(rgb, new Uint8Array(10))).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/raw pixels are given as/),
    })
  })

  it('other inputs are copied before a file is read', async () => {
    const data = new Float32Array([1, 2])
    const result = coerceInputs([rgb, multiArray('x', 'float32', [2])], { photo: path, x: data }, {}, imageFiles)
    data.fill(9)
    expect((await result).x).toMatchObject({ data: new Float32Array([1, 2]) })
  })
})
