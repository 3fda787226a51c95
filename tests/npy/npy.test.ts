import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { float16Value } from '../../src/model/float16.ts'
import { bytesOf, elementSize, type TensorType, typedArray } from '../../src/model/tensor.ts'
import { decodeNpy, encodeNpy, type NpyArray } from '../../src/npy/npy.ts'
import { decodeNpz, encodeNpz } from '../../src/npy/npz.ts'
import { damaged, damages } from '../damage.ts'
import { bytesOfFixture } from '../fixtures/read.ts'

type Value = number | boolean | string
const values: Record<string, { dtype: string; dims: number[]; values: Value[] }> = JSON.parse(bytesOfFixture('npy/values.json').toString())

function plain(array: NpyArray): Value[] {
  if (array.type === 'string') return array.data
  return Array.from(array.data as ArrayLike<number | bigint>, (value) => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    if (array.type === 'bool') return value === 1
    return array.type === 'float16' && array.data instanceof Uint16Array ? float16Value(value) : value
  })
}

describe('decodeNpy reads what numpy wrote', () => {
  it.each(Object.keys(values))('%s', (name) => {
    const array = decodeNpy(bytesOfFixture(`npy/${name}.npy`))
    const expected = values[name]!
    expect(array.dims).toEqual(expected.dims)
    expect(plain(array)).toEqual(expected.values)
    if (array.type !== 'string') expect(array.type).toBe(expected.dtype)
  })

  it.each([
    ['complex', /"<c16" are not read/],
    ['object', /Python objects are never read/],
    ['record', /records are not read/],
  ])('refuses %s arrays', (name, message) => {
    expect(() => decodeNpy(bytesOfFixture(`npy/${name}.npy`))).toThrow(
      expect.objectContaining({ code: 'ERR_INPUT', message: expect.stringMatching(message) }),
    )
  })
})

describe('damaged files', () => {
  const whole = bytesOfFixture('npy/f4-little.npy')

  it('are refused at every length', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeNpy(whole.subarray(0, length)), `${length} bytes`).toThrow(expect.objectContaining({ code: 'ERR_INPUT' }))
    }
  })

  it('never fail in another way than ERR_INPUT', () => {
    fc.assert(
      fc.property(damages, (list) => {
        try {
          decodeNpy(damaged(whole, list))
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_INPUT' })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('do not allocate what the header merely claims', () => {
    const text = whole.toString('latin1').replace('(3, 4)', '(999999999,)'.slice(0, 6))
    expect(() => decodeNpy(Buffer.from(text.replace('(99999', '(9999)'), 'latin1'))).toThrow(/announced/)
  })
})

const types = Object.keys(elementSize) as TensorType[]
const anyTensor = fc
  .record({ type: fc.constantFrom(...types), dims: fc.array(fc.nat(4), { maxLength: 4 }), seed: fc.infiniteStream(fc.nat(255)) })
  .map(({ type, dims, seed }): NpyArray => {
    const count = dims.reduce((product, dim) => product * dim, 1)
    const bytes = new Uint8Array(count * elementSize[type])
    for (let i = 0; i < bytes.length; i++) bytes[i] = type === 'bool' ? seed.next().value! & 1 : seed.next().value!
    return { type, data: typedArray(type, bytes.buffer), dims }
  })

describe('encodeNpy', () => {
  it('gives back every tensor, bit for bit', () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => {
        const read = decodeNpy(encodeNpy(tensor))
        expect(read.type).toBe(tensor.type)
        expect(read.dims).toEqual(tensor.dims)
        if (read.type !== 'string' && tensor.type !== 'string')
          expect(Buffer.from(bytesOf(read.data))).toEqual(Buffer.from(bytesOf(tensor.data)))
      }),
    )
  })

  it('gives back strings that do not end in a null character', () => {
    const text = fc.string({ unit: 'binary' }).map((value) => value.replace(/\0+$/, ''))
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (data) => {
        expect(decodeNpy(encodeNpy({ type: 'string', data, dims: [data.length] }))).toEqual({ type: 'string', data, dims: [data.length] })
      }),
    )
  })

  it.each(['f4-little', 'i8-little', 'u2-little', 'bool', 'scalar', 'empty', 'strings'])(
    'writes %s as numpy does, byte for byte',
    (name) => {
      const bytes = bytesOfFixture(`npy/${name}.npy`)
      expect(encodeNpy(decodeNpy(bytes))).toEqual(bytes)
    },
  )
})

describe('npz', () => {
  it.each(['stored', 'compressed'])('reads what numpy wrote: %s', async (name) => {
    const arrays = await decodeNpz(bytesOfFixture(`npy/${name}.npz`))
    expect([...arrays.keys()]).toEqual(['x', 'layer/weight'])
    expect(arrays.get('x')).toEqual({ type: 'float32', data: new Float32Array([0, 1, 2, 3, 4, 5]), dims: [2, 3] })
    expect(arrays.get('layer/weight')).toEqual({ type: 'int64', data: new BigInt64Array([1n, 2n]), dims: [2] })
  })

  it('gives back what it wrote', async () => {
    const arrays = new Map<string, NpyArray>([
      ['a b', { type: 'float64', data: new Float64Array([1.5, -2]), dims: [1, 2] }],
      ['label', { type: 'string', data: ['ünder'], dims: [] }],
    ])
    expect(await decodeNpz(await encodeNpz(arrays))).toEqual(arrays)
  })

  it.each(['stored', 'compressed'])('%s, flipped, cut and spliced: read, or ERR_INPUT', async (name) => {
    const whole = bytesOfFixture(`npy/${name}.npz`)
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        await decodeNpz(damaged(whole, list)).catch((error) => expect(error).toMatchObject({ code: 'ERR_INPUT' }))
      }),
      { numRuns: 500 },
    )
  })
})
