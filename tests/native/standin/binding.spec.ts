// The addon's own checks of what it is given, for values that the TypeScript above it never hands over; and where in its memory a value may lie.
import { beforeAll, describe, expect, it } from 'vitest'
import type { NativeArray, NativeModel, NativeValue } from '../../../src/backends/apple/binding.ts'
import { addon, useStandin } from './addon.ts'
import { array as featureArray, image, modelFile, scalar, state, vector } from './models.ts'

useStandin()

let paths: Record<'vector' | 'flexible' | 'image' | 'integer', string>
beforeAll(() => {
  const upTo4 = featureArray('float32', [4], {
    shapeFlexibility: { case: 'shapeRange', value: { sizeRanges: [{ lowerBound: 1, upperBound: 4 }] } },
  })
  const picture = [{ name: 'x', type: image(2, 2, 'gray') }]
  paths = {
    vector: modelFile(vector),
    flexible: modelFile({ inputs: [{ name: 'x', type: upTo4 }], outputs: [{ name: 'y', type: upTo4 }] }),
    image: modelFile({ inputs: picture, outputs: [{ name: 'y', type: image(2, 2, 'gray') }] }),
    integer: modelFile({ inputs: [{ name: 'x', type: scalar('int64') }], outputs: [{ name: 'y', type: scalar('int64') }] }),
  }
})

async function withNative(name: keyof typeof paths, use: (model: NativeModel) => Promise<void>) {
  const model = await addon.loadModel({ path: await addon.compileModel(paths[name]) }, {})
  try {
    await use(model)
  } finally {
    await model.dispose()
  }
}

const array = (bytes: Uint8Array, dims = [4], type = 'float32'): NativeArray => ({ kind: 'array', type, dims, bytes })

/** The four elements of the vector model's output. */
async function elements(model: NativeModel, x: NativeValue): Promise<number[]> {
  const { y } = (await model.predict({ x })).outputs
  if (y?.kind !== 'array' || !y.buffer) throw new Error('no array came')
  return [...new Float32Array(y.buffer)]
}

/** 9 everywhere but for 1, 2, 3, 4 from byte `at` on. */
function fill(buffer: ArrayBuffer, at: number): Uint8Array {
  new Float32Array(buffer).fill(9)
  const bytes = new Uint8Array(buffer, at, 16)
  bytes.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer))
  return bytes
}

describe('an array', () => {
  it.each([0, 8, 2])('may begin at byte %i of its buffer, in memory of allocate() too, aligned or not', async (at) => {
    await withNative('vector', async (model) => {
      for (const buffer of [new ArrayBuffer(32), addon.allocate(32)]) {
        expect(await elements(model, array(fill(buffer, at)))).toEqual([1, 2, 3, 4])
      }
    })
  })

  it('results go to where they are wanted in memory of allocate()', async () => {
    await withNative('vector', async (model) => {
      const buffer = addon.allocate(32)
      new Float32Array(buffer).fill(7)
      const backings = { y: array(new Uint8Array(buffer, 8, 16), [2, 2]) }
      await model.predict({ x: array(fill(new ArrayBuffer(16), 0)) }, { backings })
      expect([...new Float32Array(buffer)]).toEqual([7, 7, 1, 2, 3, 4, 7, 7])
    })
  })

  it.each([
    ['fewer bytes than its shape needs', array(new Uint8Array(12)), /its shape needs another number of bytes than the 12 given/],
    ['more bytes', array(new Uint8Array(20)), /than the 20 given/],
    ['a shape whose product overflows', array(new Uint8Array(0), [2 ** 40, 2 ** 40]), /another number of bytes/],
    ['a negative size', array(new Uint8Array(16), [-4]), /another number of bytes/],
    ['a type that Core ML has not', array(new Uint8Array(4), [4], 'uint8'), /Core ML has no arrays of uint8/],
    ['no bytes at all', { ...array(new Uint8Array(16)), bytes: 5 as never }, /expected bytes/],
    ['an unknown kind', { kind: 'tensor' } as never, /unknown kind of value tensor/],
  ])('with %s is refused', async (_, x, message) => {
    await withNative('vector', async (model) => {
      expect(() => model.predict({ x })).toThrow(message)
    })
  })

  it('a backing that the output does not allow is Core ML’s error', async () => {
    await withNative('vector', async (model) => {
      const refused = {
        code: 'ERR_PREDICT',
        domain: 'com.apple.CoreML',
        message: expect.stringContaining('output backing of y is not allowed'),
      }
      const integers = { y: array(new Uint8Array(addon.allocate(16)), [2, 2], 'int32') }
      await expect(model.predict({ x: array(new Uint8Array(16)) }, { backings: integers })).rejects.toMatchObject(refused)
      const small = { y: array(new Uint8Array(addon.allocate(8)), [2, 1]) }
      await expect(model.predict({ x: array(new Uint8Array(16)) }, { backings: small })).rejects.toMatchObject(refused)
    })
  })

  it.each([2, 4])('a backing of %i elements for a flexible output that comes with 3 is an error and no wrong memory', async (size) => {
    await withNative('flexible', async (model) => {
      const bytes = new Uint8Array(addon.allocate(16), 0, 4 * size)
      const other = { code: 'ERR_PREDICT', message: expect.stringMatching(/output "y" came with another type or number of elements/) }
      const x = array(new Uint8Array(12), [3])
      await expect(model.predict({ x }, { backings: { y: array(bytes, [size]) } })).rejects.toMatchObject(other)
    })
  })

  it('of ordinary memory cannot be a backing', async () => {
    await withNative('vector', async (model) => {
      const x = array(new Uint8Array(16))
      expect(() => model.predict({ x }, { backings: { y: array(new Uint8Array(16), [2, 2]) } })).toThrow(/did not come from allocate/)
    })
  })
})

describe('a state', () => {
  it('goes with another model that has the same one, and is refused once it was disposed', async () => {
    const path = await addon.compileModel(modelFile({ ...vector, states: [{ name: 'sum', type: state('float32', [2, 2]) }] }))
    const [one, other] = await Promise.all([1, 2].map(() => addon.loadModel({ path }, {})))
    const given = one!.newState()
    const x = array(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer))
    await Promise.all([one, other].map((model) => model!.predict({ x }, { state: given })))
    const { buffer } = await given.read('sum')
    expect([...new Float32Array(buffer!)]).toEqual([2, 4, 6, 8])
    given.dispose()
    for (const use of [() => one!.predict({ x }, { state: given }), () => given.read('sum')])
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }))
    await Promise.all([one!.dispose(), other!.dispose()])
  })
})

describe('a description', () => {
  it('is in alphabetical order, with every text of the author', async () => {
    const names = ['b', 'c', 'a']
    const features = names.map((name) => ({ name, type: scalar('double') }))
    const metadata = {
      shortDescription: 'short',
      author: 'author',
      license: 'licence',
      versionString: '1.2',
      userDefined: { z: '1', y: '2' },
    }
    const model = await addon.loadModel(
      { path: await addon.compileModel(modelFile({ inputs: features, outputs: features, metadata })) },
      {},
    )
    const { inputs, outputs, metadata: told } = model.description()
    expect(inputs.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(outputs.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(told).toEqual({
      shortDescription: 'short',
      author: 'author',
      license: 'licence',
      version: '1.2',
      userDefined: { y: '2', z: '1' },
    })
    await model.dispose()
  })
})

describe('an image', () => {
  const gray = (bytes: Uint8Array, width = 2, height = 2): NativeValue => ({ kind: 'image', format: 'gray8', width, height, bytes })

  it('may begin anywhere in its buffer', async () => {
    await withNative('image', async (model) => {
      const { y } = (await model.predict({ x: gray(Uint8Array.of(9, 9, 9, 1, 2, 3, 4, 9).subarray(3, 7)) })).outputs
      expect(y?.kind === 'image' && [...new Uint8Array(y.buffer)]).toEqual([1, 2, 3, 4])
    })
  })

  it.each([
    ['too few bytes', gray(new Uint8Array(3)), /expected 4 bytes, got 3/],
    ['no width', gray(new Uint8Array(0), 0), /impossible size/],
    ['a size beyond any image', gray(new Uint8Array(4), 70_000, 1), /impossible size/],
    ['an unknown format', { ...gray(new Uint8Array(4)), format: 'cmyk' as never }, /unknown pixel format cmyk/],
  ])('with %s is refused', async (_, x, message) => {
    await withNative('image', async (model) => {
      expect(() => model.predict({ x })).toThrow(message)
    })
  })
})

describe('an integer', () => {
  it('of more than 64 bits is refused', async () => {
    await withNative('integer', async (model) => {
      for (const value of [2n ** 63n, -(2n ** 63n) - 1n]) {
        expect(() => model.predict({ x: { kind: 'int64', value } })).toThrow(/does not fit 64 bits/)
      }
      const { y } = (await model.predict({ x: { kind: 'int64', value: -(2n ** 62n) } })).outputs
      expect(y).toMatchObject({ kind: 'int64', value: -(2n ** 62n) })
    })
  })
})
