// How many bytes are copied, and what becomes of memory that a caller gives away in mid-predict.
import { describe, expect, it } from 'vitest'
import { appleBackend } from '../../../src/backends/apple/backend.ts'
import { Model } from '../../../src/model/model.ts'
import type { Tensor } from '../../../src/model/tensor.ts'
import type { Image } from '../../../src/model/values.ts'
import { addon, standin, useStandin } from './addon.ts'
import { array, image, modelFile, vector } from './models.ts'

useStandin()

const values = (tensor: unknown) => [...((tensor as Tensor).data as Float32Array)]

async function withModel(use: (model: Model) => Promise<void>): Promise<void> {
  const model = await Model.load(modelFile(vector), { backend: 'apple' })
  try {
    await use(model)
  } finally {
    await model.dispose()
  }
}

/** Bytes of the buffers that the addon makes meanwhile. */
async function copied(work: () => Promise<unknown>): Promise<number> {
  const before = standin.createdBytes()
  await work()
  return standin.createdBytes() - before
}

/** Node 20 has resizable buffers; this project's TypeScript library does not know them yet. */
type Resizable = ArrayBuffer & { resize(bytes: number): void }
const resizableBuffer = (bytes: number) =>
  new (ArrayBuffer as unknown as new (bytes: number, options: object) => Resizable)(bytes, { maxByteLength: bytes })

const filled = (tensor: Tensor, ...numbers: number[]): Tensor => {
  ;(tensor.data as Float32Array).set(numbers)
  return tensor
}

describe('copies', () => {
  it('none of allocated memory on either side, one of everything else', async () => {
    await withModel(async (model) => {
      const x = filled(model.allocate('x'), 1, 2, 3, 4)
      const y = model.allocate('y')
      const sixteen = 4 * 4
      expect(await copied(() => model.predict({ x }, { outputs: { y } }))).toBe(0)
      expect(values(y)).toEqual([1, 2, 3, 4])
      expect(await copied(() => model.predict({ x }))).toBe(sixteen)
      expect(await copied(() => model.predict({ x: [1, 2, 3, 4] }, { outputs: { y } }))).toBe(sixteen)
      expect(await copied(() => model.predict({ x: [1, 2, 3, 4] }))).toBe(2 * sixteen)
      // A batch and a loop take allocated inputs as they are too; the outputs of a loop are copied once, at its end.
      expect(await copied(() => model.predictBatch([{ x }, { x }, { x }]))).toBe(3 * sixteen)
      expect(await copied(() => model.runTimed({ x }, { iterations: 50 }))).toBe(sixteen)
    })
  })

  it('none of a part of allocated memory, unless its elements are not aligned', async () => {
    const native = await addon.loadModel({ path: await addon.compileModel(modelFile(vector)) }, {})
    const memory = addon.allocate(64)
    const predictAt = async (offset: number) => {
      const bytes = new Uint8Array(memory, offset, 16)
      bytes.set(new Uint8Array(Float32Array.of(1, 2, 3, offset).buffer))
      const inputs = Object.assign(Object.create(null), { x: { kind: 'array', type: 'float32', dims: [4], bytes } })
      const { outputs } = await native.predict(inputs)
      expect(outputs.y).toMatchObject({ buffer: Float32Array.of(1, 2, 3, offset).buffer })
    }
    expect(await copied(() => predictAt(20))).toBe(16)
    expect(await copied(() => predictAt(21))).toBe(32)
    await native.dispose()
  })
})

describe('where the host forbids external buffers', () => {
  it('large results are copied once more, and none leaks', async () => {
    const [rows, size] = [2000, 40]
    const path = modelFile({
      inputs: [
        { name: 'x', type: array('float32', [rows]) },
        { name: 'p', type: image(size, size, 'gray') },
      ],
      outputs: [
        { name: 'y', type: array('float32', [rows]) },
        { name: 'q', type: image(size, 2 * size, 'rgb') },
      ],
    })
    standin.configure({ forbidExternalBuffers: true })
    const model = await Model.load(path, { backend: 'apple' })
    const x = Float32Array.from({ length: rows }, (_, i) => i)
    const p = { format: 'gray8', width: size, height: size, data: new Uint8Array(size * size) }
    for (let i = 0; i < 3; ++i) {
      const { y, q } = await model.predict({ x, p })
      expect((y as Tensor).data).toEqual(x)
      expect((q as Image).data.subarray(0, 5)).toEqual(Uint8Array.of(1, 2, 3, 4, 5))
    }
    expect(addon.isAllocated(model.allocate('x').data.buffer)).toBe(false)
    await model.dispose()
  })
})

describe('memory that is given away in mid-predict', () => {
  it('an output’s array: an error in words, whatever became of it', async () => {
    await withModel(async (model) => {
      standin.configure({ predictMicroseconds: 30_000 })
      const y = new Float32Array(4)
      const prediction = model.predict({ x: [1, 2, 3, 4] }, { outputs: { y } })
      structuredClone(y.buffer, { transfer: [y.buffer] })
      await expect(prediction).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringContaining('"y" came with 4 elements') })
    })
  })

  it('an output’s array in a buffer that shrinks: the same error', async () => {
    await withModel(async (model) => {
      standin.configure({ predictMicroseconds: 30_000 })
      const buffer = resizableBuffer(32)
      const y = new Float32Array(buffer, 16)
      const prediction = model.predict({ x: [1, 2, 3, 4] }, { outputs: { y } })
      buffer.resize(8)
      await expect(prediction).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringContaining('"y" came with 4 elements') })
    })
  })

  it('allocated memory: Node transfers none, and Core ML has it until it is through', async () => {
    await withModel(async (model) => {
      standin.configure({ predictMicroseconds: 30_000 })
      const x = filled(model.allocate('x'), 1, 2, 3, 4)
      const y = model.allocate('y')
      const prediction = model.predict({ x }, { outputs: { y } })
      for (const { data } of [x, y]) {
        // Some versions of Node refuse, others copy.
        try {
          structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] })
        } catch (error) {
          expect(error).toMatchObject({ name: 'DataCloneError' })
        }
        expect(data.byteLength).toBe(16)
      }
      expect(values((await prediction).y)).toEqual([1, 2, 3, 4])
      expect(values(y)).toEqual([1, 2, 3, 4])
    })
  })

  // From Node 22 on a buffer can be moved so all the same.
  const moves = 'transfer' in ArrayBuffer.prototype
  it.skipIf(!moves)(
    `allocated memory that is moved: an error for an output${moves ? '' : ' (skipped: this Node moves no buffers)'}`,
    async () => {
      const moved = ({ data }: Tensor) => (data.buffer as ArrayBuffer & { transfer(): ArrayBuffer }).transfer()
      await withModel(async (model) => {
        standin.configure({ predictMicroseconds: 30_000 })
        const x = filled(model.allocate('x'), 1, 2, 3, 4)
        const y = model.allocate('y')
        const prediction = model.predict({ x }, { outputs: { y } })
        moved(x)
        const written = moved(y)
        await expect(prediction).rejects.toMatchObject({
          code: 'ERR_ARGUMENT',
          message: expect.stringContaining('"y" came with 4 elements'),
        })
        expect([...new Float32Array(written)]).toEqual([1, 2, 3, 4])
      })
    },
  )

  it('allocated memory that nobody refers to any more', async () => {
    const model = await appleBackend.load(modelFile(vector), { computeUnits: 'all' })
    standin.configure({ predictMicroseconds: 50_000 })
    const prediction = (() => {
      const x = filled(model.allocate('x'), 5, 6, 7, 8)
      return model.predict({ x }, { outputs: { y: model.allocate('y').data } })
    })()
    for (let i = 0; i < 5; ++i) (globalThis as { gc?: () => void }).gc?.()
    // Other memory of that size would come to lie where it was.
    const others = Array.from({ length: 64 }, () => new Float32Array(addon.allocate(16)).fill(99))
    expect(values((await prediction).outputs.y)).toEqual([5, 6, 7, 8])
    expect(others.every((other) => other[0] === 99)).toBe(true)
    await model.dispose()
  })
})
