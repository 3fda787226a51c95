// What goes into Core ML and comes out of it. Expected values are the stand-in's documented function (native/standin/inference.mm), computed here another way.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { appleBackend } from '../../../src/backends/apple/backend.ts'
import { toNumbers } from '../../../src/model/convert.ts'
import { Model } from '../../../src/model/model.ts'
import { type Tensor, typedArray } from '../../../src/model/tensor.ts'
import type { Image } from '../../../src/model/values.ts'
import { addon, standin, useStandin } from './addon.ts'
import { type ArrayTypeName, array, dictionary, heic, image, modelFile, scalar, sequence, vector } from './models.ts'

useStandin()

async function withModel<T>(path: string, use: (model: Model) => Promise<T>, options: object = {}): Promise<T> {
  const model = await Model.load(path, { backend: 'apple', ...options })
  try {
    return await use(model)
  } finally {
    await model.dispose()
  }
}

/** The elements as numbers: float16 may come as bits. */
const toFloat32 = ({ type, data }: Tensor) => Float32Array.from(toNumbers(data, type))

/** Half-precision numbers that the test needs, by their bits: 0, ±1, ±2, 0.5, 1024, 65504. */
const halves: [number, number][] = [
  [0, 0x0000],
  [1, 0x3c00],
  [-1, 0xbc00],
  [2, 0x4000],
  [0.5, 0x3800],
  [1024, 0x6400],
]

/** 1…4 × 1… elements, [1, 2] when nothing else is asked for. */
const flexibleArray = array('float32', [1, 2], {
  shapeFlexibility: {
    case: 'shapeRange',
    value: {
      sizeRanges: [
        { lowerBound: 1, upperBound: 4 },
        { lowerBound: 1, upperBound: -1 },
      ],
    },
  },
})

describe('multiarrays', () => {
  const types: ArrayTypeName[] = ['float16', 'float32', 'float64', 'int32', 'int8']
  it.each(types)('of %s go in row-major and come out of padded rows', async (type) => {
    const path = modelFile({
      inputs: [{ name: 'x', type: array(type, [3, 4]) }],
      outputs: [
        { name: 'y', type: array(type, [2, 3, 4]) },
        { name: 'z', type: array('float64', [7]) },
      ],
    })
    // Small integers: exact in every type. z is y's function with 1 added.
    const numbers = Array.from({ length: 12 }, (_, i) => ((i * 5) % 7) - 3)
    const bits = (value: number) => {
      const known: Record<string, number> = { '-3': 0xc200, '-2': 0xc000, '-1': 0xbc00, '0': 0, '1': 0x3c00, '2': 0x4000, '3': 0x4200 }
      return known[String(value)]!
    }
    const data = type === 'float16' ? Uint16Array.from(numbers, bits) : typedArray(type, new ArrayBuffer(0)).constructor
    const elements = type === 'float16' ? (data as Uint16Array) : (data as Float32ArrayConstructor).from(numbers)
    const { y, z } = (await withModel(path, (model) => model.predict({ x: { type, dims: [3, 4], data: elements } }))) as {
      y: Tensor
      z: Tensor
    }
    expect(y.dims).toEqual([2, 3, 4])
    expect(y.type).toBe(type)
    const expected = Array.from({ length: 24 }, (_, i) => numbers[i % 12]!)
    if (type === 'float16') expect([...new Uint16Array(y.data.buffer, y.data.byteOffset, 24)]).toEqual(expected.map(bits))
    else expect([...(y.data as Float32Array)]).toEqual(expected)
    expect([...(z.data as Float64Array)]).toEqual(Array.from({ length: 7 }, (_, i) => numbers[i]! + 1))
  })

  it.each([15, 16, 17, 33, 64, 100, 256, 257])('come out of padded rows of %i elements', async (length) => {
    const rows = array('float32', [3, length])
    const path = modelFile({ inputs: [{ name: 'x', type: rows }], outputs: [{ name: 'y', type: rows }] })
    const data = Float32Array.from({ length: 3 * length }, (_, index) => index + 0.5)
    const { y } = (await withModel(path, (model) => model.predict({ x: { type: 'float32', dims: [3, length], data } }))) as { y: Tensor }
    expect(y.data).toEqual(data)
  })

  it.each(['int8', 'float16', 'float32', 'float64'] as const)('of %s come out of rows whose elements lie apart', async (type) => {
    standin.configure({ elementStride: 3 })
    const ones = array('float64', [2, 3])
    const path = modelFile({ inputs: [{ name: 'x', type: ones }], outputs: [{ name: 'y', type: array(type, [2, 3]) }] })
    const { y } = (await withModel(path, (model) => model.predict({ x: [1, 2, 3, 4, 5, 6] }))) as { y: Tensor }
    expect([...toFloat32(y)]).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('whose strides reach beyond their memory are refused', async () => {
    const path = modelFile(vector)
    await withModel(path, async (model) => {
      standin.configure({ shortMemory: true })
      await expect(model.predict({ x: [1, 2, 3, 4] })).rejects.toMatchObject({
        code: 'ERR_PREDICT',
        message: expect.stringMatching(/"y": its strides reach beyond its memory/),
      })
      standin.configure({ refuseBackings: 1 })
      await expect(model.predict({ x: [1, 2, 3, 4] }, { outputs: { y: model.allocate('y') } })).rejects.toMatchObject({
        message: expect.stringMatching(/output "y": its strides reach beyond its memory/),
      })
    })
  })

  it('that are undefined are left out', async () => {
    standin.configure({ undefinedOutputs: true })
    const number = array('float32', [1])
    const outputs = [
      { name: 'y', type: number },
      { name: 'z', type: number },
    ]
    await withModel(modelFile({ inputs: [{ name: 'x', type: number }], outputs }), async (model) => {
      expect(Object.keys(await model.predict({ x: 1 }))).toEqual(['y'])
    })
  })

  it('of a fixed shape are described so', async () => {
    await withModel(modelFile(vector), async ({ inputs, outputs }) => {
      expect(inputs[0]).toMatchObject({ shape: [4], flexibility: { kind: 'fixed' } })
      expect(outputs[0]).toMatchObject({ shape: [2, 2], flexibility: { kind: 'fixed' } })
    })
  })

  it('of enumerated shapes are described so by Core ML itself, and take each of them', async () => {
    const shapes = [
      [1, 2],
      [3, 4],
      [2, 2],
    ]
    const flexibility = { case: 'enumeratedShapes', value: { shapes: shapes.map((shape) => ({ shape })) } }
    const type = array('float32', [1, 2], { shapeFlexibility: flexibility })
    const init = { inputs: [{ name: 'x', type }], outputs: [{ name: 'y', type }] }
    // Loaded as compiled, so that nothing of the description comes from the source.
    const compiled = await addon.compileModel(modelFile(init))
    await withModel(compiled, async (model) => {
      for (const feature of [model.inputs[0], model.outputs[0]])
        expect(feature).toMatchObject({ shape: [1, 2], flexibility: { kind: 'enumerated', shapes } })
      for (const dims of shapes) {
        const data = Float32Array.from({ length: dims[0]! * dims[1]! }, (_, i) => i)
        expect((await model.predict({ x: { type: 'float32', dims, data } })).y).toMatchObject({ dims, data })
      }
      await expect(model.predict({ x: { type: 'float32', dims: [2, 1], data: new Float32Array(2) } })).rejects.toMatchObject({
        code: 'ERR_INPUT',
      })
    })
    await addon.removeCompiled(compiled)
  })

  it('keep half-precision bits', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: array('float16', [6]) }], outputs: [{ name: 'y', type: array('float16', [6]) }] })
    const data = Uint16Array.from(halves, ([, bits]) => bits)
    const { y } = (await withModel(path, (model) => model.predict({ x: { type: 'float16', dims: [6], data } }))) as { y: Tensor }
    expect([...new Uint16Array(y.data.buffer, y.data.byteOffset, 6)]).toEqual([...data])
  })

  it('of flexible shapes take the shape given', async () => {
    const sizeRanges = [
      { lowerBound: 1, upperBound: 4 },
      { lowerBound: 2, upperBound: -1 },
    ]
    const flexible = array('float32', [1, 2], { shapeFlexibility: { case: 'shapeRange', value: { sizeRanges } } })
    const path = modelFile({ inputs: [{ name: 'x', type: flexible }], outputs: [{ name: 'y', type: array('float32', []) }] })
    await withModel(path, async (model) => {
      expect(model.inputs[0]).toMatchObject({
        shape: [1, 2],
        flexibility: {
          kind: 'range',
          ranges: [
            { min: 1, max: 4 },
            { min: 2, max: null },
          ],
        },
      })
      const { y } = (await model.predict({
        x: { type: 'float32', dims: [3, 5], data: Float32Array.from({ length: 15 }, (_, i) => i) },
      })) as { y: Tensor }
      expect(y.dims).toEqual([3, 5])
      expect([...(y.data as Float32Array)]).toEqual(Array.from({ length: 15 }, (_, i) => i))
    })
  })

  it('of outputs whose shape is not declared go into the caller’s array if there is room', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: flexibleArray }], outputs: [{ name: 'y', type: array('float32', []) }] })
    const x: Tensor = { type: 'float32', dims: [1, 3], data: Float32Array.of(1, 2, 3) }
    await withModel(path, async (model) => {
      const roomy = new Float32Array(5)
      const { y } = (await model.predict({ x }, { outputs: { y: roomy } })) as { y: Tensor }
      expect(y).toMatchObject({ dims: [1, 3], data: Float32Array.of(1, 2, 3) })
      expect([...roomy]).toEqual([1, 2, 3, 0, 0])
      // What allocate() gives has one element: no memory for Core ML to write into.
      for (const small of [new Float32Array(2), model.allocate('y')]) {
        await expect(model.predict({ x }, { outputs: { y: small } })).rejects.toMatchObject({
          code: 'ERR_ARGUMENT',
          message: expect.stringContaining('"y" came with 3 elements'),
        })
      }
    })
  })

  it('of a flexible output go into the caller’s array if there is room, allocated or not', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: flexibleArray }], outputs: [{ name: 'y', type: flexibleArray }] })
    const x = (...data: number[]): Tensor => ({ type: 'float32', dims: [1, data.length], data: Float32Array.from(data) })
    await withModel(path, async (model) => {
      for (const y of [new Float32Array(2), model.allocate('y')]) {
        expect((await model.predict({ x: x(5, 6) }, { outputs: { y } })).y).toMatchObject({ dims: [1, 2], data: Float32Array.of(5, 6) })
        expect((await model.predict({ x: x(7) }, { outputs: { y } })).y).toMatchObject({ dims: [1, 1], data: Float32Array.of(7) })
        await expect(model.predict({ x: x(1, 2, 3) }, { outputs: { y } })).rejects.toMatchObject({
          code: 'ERR_ARGUMENT',
          message: expect.stringContaining('"y" came with 3 elements'),
        })
      }
    })
  })

  it('with several inputs and a long row are copied whole', async () => {
    const path = modelFile({
      inputs: [
        { name: 'b', type: array('float32', [1000, 64]) },
        { name: 'a', type: array('int32', [2]) },
      ],
      outputs: [{ name: 'y', type: array('float32', [1000, 64]) }],
    })
    const b = Float32Array.from({ length: 64000 }, (_, i) => i % 997)
    const { y } = (await withModel(path, (model) => model.predict({ b, a: [10, 20] }))) as { y: Tensor }
    expect([...(y.data as Float32Array)]).toEqual([...b].map((value, i) => value + 2 * (i % 2 === 0 ? 10 : 20)))
  })
})

describe('other values', () => {
  const everything = () =>
    modelFile({
      inputs: [
        { name: 'count', type: scalar('int64') },
        { name: 'ratio', type: scalar('double') },
        { name: 'word', type: scalar('string') },
        { name: 'byName', type: dictionary('string') },
        { name: 'byNumber', type: dictionary('int64') },
        { name: 'numbers', type: sequence('int64', { lowerBound: 1, upperBound: 5 }) },
        { name: 'words', type: sequence('string') },
      ],
      outputs: [
        { name: 'whole', type: scalar('int64') },
        { name: 'real', type: scalar('double') },
        { name: 'label', type: scalar('string') },
        { name: 'scores', type: dictionary('string') },
        { name: 'list', type: sequence('string') },
      ],
      labels: ['zebra', 'ant', 'über'],
      predicted: 'label',
      probabilities: 'scores',
    })

  it('go in and come out', async () => {
    const inputs = {
      count: 40,
      ratio: 0.25,
      word: 'a', // byte 97
      byName: new Map([
        ['q', 2],
        ['p', 1],
      ]), // by sorted key: 1, 2
      byNumber: new Map([
        [7, 20],
        [3, 10],
      ]), // 10, 20
      numbers: [5, 6, 7],
      words: ['four', 'é'], // lengths 4, 1
    }
    const weighted = (i: number) =>
      1 * 40 + 2 * 0.25 + 3 * 97 + 4 * [1, 2][i % 2]! + 5 * [10, 20][i % 2]! + 6 * [5, 6, 7][i % 3]! + 7 * [4, 1][i % 2]!
    const output = await withModel(everything(), (model) => model.predict(inputs))
    expect(output.real).toBe(1 + weighted(0))
    expect(output.label).toBe(['zebra', 'ant', 'über'][Math.trunc(2 + weighted(0)) % 3])
    expect([...(output.scores as Map<string, number>)]).toEqual([
      ['zebra', 3 + weighted(0)],
      ['ant', 3 + weighted(1)],
      ['über', 3 + weighted(2)],
    ])
    expect(output.list).toEqual(['zebra', 'ant', 'über'])
    expect(output.whole).toBe(Math.trunc(weighted(0)))
  })

  it('are described', async () => {
    await withModel(everything(), async (model) => {
      expect(model.classLabels).toEqual(['zebra', 'ant', 'über'])
      expect(model.predictedFeatureName).toBe('label')
      expect(model.predictedProbabilitiesName).toBe('scores')
      expect(model.inputs.map(({ name, type }) => [name, type])).toEqual([
        ['count', 'int64'],
        ['ratio', 'double'],
        ['word', 'string'],
        ['byName', 'dictionary'],
        ['byNumber', 'dictionary'],
        ['numbers', 'sequence'],
        ['words', 'sequence'],
      ])
      expect(model.inputs[4]).toMatchObject({ keyType: 'int64' })
      expect(model.inputs[5]).toMatchObject({ elementType: 'int64', length: { min: 1, max: 5 } })
    })
  })

  it('an empty sequence keeps the type of its elements', async () => {
    const outputs = [{ name: 'y', type: scalar('double') }]
    for (const items of ['int64', 'string'] as const)
      await withModel(modelFile({ inputs: [{ name: 'x', type: sequence(items) }], outputs }), async (model) => {
        expect((await model.predict({ x: [] })).y).toBe(0)
      })
  })

  it('sequences of int64 come out, exact beyond the safe range', async () => {
    const path = modelFile({
      inputs: [{ name: 'x', type: array('float32', [3]) }],
      outputs: [
        { name: 'label', type: scalar('int64') },
        { name: 'list', type: sequence('int64') },
      ],
      labels: [30, -10, 2 ** 60],
      predicted: 'label',
    })
    await withModel(path, async (model) => {
      expect(model.outputs[1]).toMatchObject({ type: 'sequence', elementType: 'int64' })
      expect((await model.predict({ x: [0, 0, 0] })).list).toEqual([30, -10, 2n ** 60n])
    })
  })

  it('text may hold NUL characters', async () => {
    const [label, other] = ['a\0b', 'a\0c']
    const path = modelFile({
      inputs: [{ name: 'x', type: array('float32', [2]) }],
      outputs: [
        { name: 'label', type: scalar('string') },
        { name: 'scores', type: dictionary('string') },
      ],
      labels: [label, other],
      predicted: 'label',
      probabilities: 'scores',
    })
    await withModel(path, async (model) => {
      expect(model.classLabels).toEqual([label, other])
      const { scores } = await model.predict({ x: [1, 2] })
      expect([...(scores as Map<string, number>).keys()]).toEqual([label, other])
    })
  })

  it('int64 beyond the safe range stays exact', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: scalar('int64') }], outputs: [{ name: 'y', type: scalar('int64') }] })
    const big = 2n ** 60n
    await withModel(path, async (model) => expect((await model.predict({ x: big })).y).toBe(big))
  })

  it('integer labels', async () => {
    const path = modelFile({
      inputs: [{ name: 'x', type: array('float32', [3]) }],
      outputs: [
        { name: 'label', type: scalar('int64') },
        { name: 'scores', type: dictionary('int64') },
      ],
      labels: [30, 10, 20],
      predicted: 'label',
      probabilities: 'scores',
    })
    const output = await withModel(path, (model) => model.predict({ x: [4, 5, 6] }))
    expect(output.label).toBe(10) // number |4| mod 3
    expect([...(output.scores as Map<number, number>)]).toEqual([
      [30, 5],
      [10, 6],
      [20, 7],
    ])
  })

  it('optional inputs may be left out; the array’s default counts', async () => {
    const withDefault = array('float32', [2], { defaultOptionalValue: { case: 'floatDefaultValue', value: 2.5 } })
    const path = modelFile({
      inputs: [
        { name: 'x', type: array('float32', [2]) },
        { name: 'extra', type: withDefault, optional: true, text: 'added three times' },
      ],
      outputs: [{ name: 'y', type: array('float32', [2]) }],
    })
    await withModel(path, async (model) => {
      expect(model.inputs[1]).toMatchObject({ optional: true, defaultValue: 2.5, description: 'added three times' })
      const without = (await model.predict({ x: [1, 2] })).y as Tensor
      expect([...(without.data as Float32Array)]).toEqual([1 + 5, 2 + 5])
      const given = (await model.predict({ x: [1, 2], extra: [10, 100] })).y as Tensor
      expect([...(given.data as Float32Array)]).toEqual([21, 202])
    })
  })
})

describe('images', () => {
  const pixels = { width: 3, height: 2 }
  const rgba = Uint8Array.from({ length: 24 }, (_, i) => i * 10)
  /** The pixel buffer's own order. */
  const bgra = Uint8Array.from(rgba, (_, i) => rgba[i - (i % 4) + [2, 1, 0, 3][i % 4]!]!)

  it.each(['rgb', 'bgr'] as const)('%s arrive as bgra, and come back with packed rows', async (space) => {
    const path = modelFile({ inputs: [{ name: 'x', type: image(3, 2, space) }], outputs: [{ name: 'y', type: image(3, 2, 'rgb') }] })
    await withModel(path, async (model) => {
      expect(model.inputs[0]).toMatchObject({ type: 'image', colorSpace: space, ...pixels })
      for (const given of [
        { ...pixels, format: 'rgba', data: rgba },
        { ...pixels, format: 'bgra', data: bgra },
      ]) {
        const y = (await model.predict({ x: given })).y as Image
        expect(y).toMatchObject({ ...pixels, format: 'bgra' })
        expect([...y.data]).toEqual([...bgra])
      }
    })
  })

  it('gray and half-precision gray', async () => {
    const path = modelFile({
      inputs: [
        { name: 'x', type: image(3, 2, 'gray') },
        { name: 'h', type: image(3, 2, 'gray16f') },
      ],
      outputs: [
        { name: 'y', type: image(3, 2, 'gray') },
        { name: 'z', type: image(3, 2, 'gray16f') },
      ],
    })
    const gray = Uint8Array.of(1, 2, 3, 4, 5, 6)
    const half = Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600) // 1 … 6
    const output = await withModel(path, (model) =>
      model.predict({ x: { ...pixels, format: 'gray8', data: gray }, h: { ...pixels, format: 'gray16f', data: half } }),
    )
    expect([...(output.y as Image).data]).toEqual([3, 6, 9, 12, 15, 18])
    const z = (output.z as Image).data
    // 1 + 3 i: 4, 7, 10, 13, 16, 19
    expect([...new Uint16Array(z.buffer, z.byteOffset, 6)]).toEqual([0x4400, 0x4700, 0x4900, 0x4a80, 0x4c00, 0x4cc0])
  })

  it('of another size are brought to the feature’s in each way of resizing', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: image(4, 2, 'gray') }], outputs: [{ name: 'y', type: image(4, 2, 'gray') }] })
    // Four rows of one value each.
    const data = Uint8Array.from({ length: 16 }, (_, i) => 10 * (1 + (i >> 2)))
    const x = { width: 4, height: 4, format: 'gray8', data }
    await withModel(path, async (model) => {
      const rows = async (options: object) => {
        const { y } = await model.predict({ x }, options)
        const given = [...(y as Image).data]
        return [given.slice(0, 4), given.slice(4)]
      }
      const [upper, lower] = await rows({ resize: 'scaleFill' })
      for (const [row, from, to] of [
        [upper!, 10, 20],
        [lower!, 30, 40],
      ] as const) {
        expect(new Set(row).size).toBe(1)
        expect(row[0]).toBeGreaterThan(from)
        expect(row[0]).toBeLessThan(to)
      }
      expect(await rows({})).toEqual([upper, lower])
      expect(await rows({ resize: 'centerCrop' })).toEqual([Array(4).fill(20), Array(4).fill(30)])
      // Half as large, with the background at both sides.
      const bars = (row: number[]) => [7, row[0], row[0], 7]
      expect(await rows({ resize: 'scaleFit', background: [7, 7, 7] })).toEqual([bars(upper!), bars(lower!)])
      await expect(model.predict({ x }, { resize: 'none' })).rejects.toMatchObject({
        code: 'ERR_INPUT',
        message: expect.stringContaining('4×4'),
      })
      const batch = await model.predictBatch([{ x }], { resize: 'centerCrop' })
      expect((batch[0]!.y as Image).data[0]).toBe(20)
      const run = await model.runTimed({ x }, { resize: 'centerCrop' })
      expect((run.outputs.y as Image).data[0]).toBe(20)
    })
  })

  it('flexible sizes are described', async () => {
    const sizes = [
      { width: 3, height: 2 },
      { width: 6, height: 4 },
    ]
    const ranged = { widthRange: { lowerBound: 1, upperBound: 9 }, heightRange: { lowerBound: 2, upperBound: -1 } }
    const path = modelFile({
      inputs: [
        { name: 'listed', type: image(3, 2, 'gray', { sizeFlexibility: { case: 'enumeratedSizes', value: { sizes } } }) },
        { name: 'ranged', type: image(3, 2, 'gray', { sizeFlexibility: { case: 'imageSizeRange', value: ranged } }) },
      ],
      outputs: [{ name: 'y', type: scalar('double') }],
    })
    await withModel(path, async ({ inputs }) => {
      expect(inputs[0]).toMatchObject({ flexibility: { kind: 'enumerated', sizes } })
      expect(inputs[1]).toMatchObject({ flexibility: { kind: 'range', width: { min: 1, max: 9 }, height: { min: 2, max: null } } })
    })
  })

  it('HEIC: decoded upright, alpha taken out of the colours', async () => {
    const pixel = (value: number, alpha = 255) => [value, value + 1, value + 2, alpha]
    const data = [...pixel(10), ...pixel(20), ...pixel(30), ...pixel(40)]
    const turned = await addon.decodeImage(heic(2, 2, 6, data))
    expect([...new Uint8Array(turned.kind === 'image' && 'buffer' in turned ? turned.buffer : [])]).toEqual([
      ...pixel(30),
      ...pixel(10),
      ...pixel(40),
      ...pixel(20),
    ])
    const oblong = await addon.decodeImage(heic(1, 3, 6, [...pixel(10), ...pixel(20), ...pixel(30)]))
    expect(oblong).toMatchObject({ width: 3, height: 1, buffer: Uint8Array.of(...pixel(30), ...pixel(20), ...pixel(10)).buffer })
    const clear = await addon.decodeImage(heic(1, 1, 1, [200, 100, 50, 128]))
    const [red, green, blue, alpha] = new Uint8Array('buffer' in clear ? clear.buffer : [])
    expect(alpha).toBe(128)
    for (const [got, wanted] of [
      [red, 200],
      [green, 100],
      [blue, 50],
    ] as const)
      expect(Math.abs(got! - wanted)).toBeLessThanOrEqual(1)
  })

  it('HEIC: of several images the primary one', async () => {
    const file = heic(1, 1, 1, [1, 2, 3, 255])
    file[0] = 2
    expect(await addon.decodeImage(file)).toMatchObject({ width: 1, height: 1, buffer: Uint8Array.of(1, 2, 3, 255).buffer })
  })

  it('HEIC: other bytes and a file cut short are refused', async () => {
    await expect(addon.decodeImage(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringContaining('format'),
    })
    await expect(addon.decodeImage(heic(2, 2, 1, [1, 2, 3, 4]))).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringContaining('no image'),
    })
  })

  it('HEIC: a heap of files is decoded by as many threads as there are processors', async () => {
    const threads = () => readdirSync('/proc/self/task').length
    const before = threads()
    const file = heic(300, 200, 1, new Array(4 * 300 * 200).fill(255))
    const decoding = Array.from({ length: 64 }, () => addon.decodeImage(file))
    // And libuv's four, where they wait for it.
    expect(threads() - before).toBeLessThanOrEqual(cpus().length + 4)
    await Promise.all(decoding)
  })

  it('HEIC: files and bytes of any backend are decoded by the system, put on the background and brought to the feature', async () => {
    const inputs = [{ name: 'x', type: image(2, 2, 'rgb') }]
    const path = modelFile({ inputs, outputs: [{ name: 'y', type: image(2, 2, 'rgb') }] })
    const [a, b, c] = [
      [10, 20, 30, 255],
      [40, 50, 60, 255],
      [70, 80, 90, 255],
    ] as const
    // The last pixel is clear: the background shows.
    const file = heic(2, 2, 6, [...a, ...b, ...c, 0, 0, 0, 0])
    const onDisk = join(mkdtempSync(join(tmpdir(), 'coreml-heic-')), 'turned.heic')
    writeFileSync(onDisk, file)
    await withModel(path, async (model) => {
      for (const given of [onDisk, file, pathToFileURL(onDisk)]) {
        const { y } = await model.predict({ x: given }, { background: [1, 2, 3] })
        // Turned right: c a / clear b, as bgra.
        expect([...(y as Image).data]).toEqual([90, 80, 70, 255, 30, 20, 10, 255, 3, 2, 1, 255, 60, 50, 40, 255])
      }
      // 200×150 pixels go to the worker thread. Half 8, half 16, made two wide by a triangle of ±100 pixels: 8 · 75/87.5 + 16 · 12.5/87.5 = 9.1, and 14.9.
      const wide = heic(200, 150, 1, Array.from({ length: 200 * 150 }, (_, i) => [i % 200 < 100 ? 8 : 16, 0, 0, 255]).flat())
      const { y } = await model.predict({ x: wide })
      expect([0, 1, 2, 3].map((pixel) => (y as Image).data[4 * pixel + 2])).toEqual([9, 15, 9, 15])
      await expect(model.predict({ x: heic(2, 2, 1, [1]) })).rejects.toMatchObject({
        code: 'ERR_INPUT',
        message: expect.stringMatching(/^input "x": the image file could not be decoded: ImageIO found no image/),
      })
      writeFileSync(onDisk, heic(20_000, 20_000, 1, []))
      await expect(model.predict({ x: onDisk })).rejects.toMatchObject({
        code: 'ERR_INPUT',
        message: expect.stringMatching(/^input "x": .*turned\.heic: .*too large \(20000×20000; at most 100 million/),
      })
    })
    rmSync(dirname(onDisk), { recursive: true })
  })
})

describe('batches', () => {
  it('keep their order', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [2]) }], outputs: [{ name: 'y', type: array('float32', [2]) }] })
    await withModel(path, async (model) => {
      const results = await model.predictBatch([{ x: [1, 2] }, { x: [3, 4] }, { x: [5, 6] }])
      expect(results.map(({ y }) => [...((y as Tensor).data as Float32Array)])).toEqual([
        [1, 2],
        [3, 4],
        [5, 6],
      ])
    })
  })

  it('are timed as a whole, each prediction with its share', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [2]) }], outputs: [{ name: 'y', type: array('float32', [2]) }] })
    const model = await appleBackend.load(path, { computeUnits: 'all' })
    standin.configure({ predictMicroseconds: 5000 })
    const before = standin.events().insideNanoseconds
    const x: Tensor = { type: 'float32', dims: [2], data: Float32Array.of(1, 2) }
    const results = await model.predictBatch([{ x }, { x }, { x }, { x }], {})
    const inside = standin.events().insideNanoseconds - before
    const [share = 0, ...others] = results.map(({ nativeNanoseconds }) => nativeNanoseconds as number)
    expect(others).toEqual([share, share, share])
    expect(4 * share).toBeGreaterThanOrEqual(inside)
    expect(share).toBeLessThan(inside)
    await model.dispose()
  })

  it('fail as a whole', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [2]) }], outputs: [{ name: 'y', type: array('float32', [2]) }] })
    await withModel(path, async (model) => {
      standin.configure({ predictError: 1 })
      await expect(model.predictBatch([{ x: [1, 2] }, { x: [3, 4] }])).rejects.toMatchObject({ code: 'ERR_PREDICT', nativeCode: 0 })
    })
  })
})
