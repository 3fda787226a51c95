// Lifetimes: memory shared with Core ML, dispose and abort at awkward moments, states, concurrency.
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Model } from '../../../src/model/model.ts'
import type { Tensor } from '../../../src/model/tensor.ts'
import type { Features, Image } from '../../../src/model/values.ts'
import { addon, standin, useStandin } from './addon.ts'
import { image, type ModelInit, modelFile, state, vector } from './models.ts'

useStandin()

const stateful: ModelInit = { ...vector, states: [{ name: 'sum', type: state('float32', [2, 2]) }] }

const load = (init: ModelInit, options: object = {}) => Model.load(modelFile(init), { backend: 'apple', ...options })
/** Node 20 has resizable buffers; this project's TypeScript library does not know them yet. */
type Resizable = ArrayBuffer & { resize(bytes: number): void }
const resizableBuffer = (bytes: number) =>
  new (ArrayBuffer as unknown as new (bytes: number, options: object) => Resizable)(bytes, { maxByteLength: 4 * bytes })
const values = (tensor: unknown) => [...((tensor as Tensor).data as Float32Array)]

async function withModel<T>(init: ModelInit, use: (model: Model) => Promise<T>): Promise<T> {
  const model = await load(init)
  try {
    return await use(model)
  } finally {
    await model.dispose()
  }
}

describe('JavaScript arrays', () => {
  it('may be changed, transferred and resized as soon as predict has returned', async () => {
    await withModel(vector, async (model) => {
      standin.configure({ predictMicroseconds: 20_000 })
      const changed = Float32Array.of(1, 2, 3, 4)
      const first = model.predict({ x: changed })
      changed.fill(99)
      const transferred = Float32Array.of(5, 6, 7, 8)
      const second = model.predict({ x: transferred })
      structuredClone(transferred.buffer, { transfer: [transferred.buffer] })
      const resizable = resizableBuffer(16)
      const resized = new Float32Array(resizable)
      resized.set([9, 10, 11, 12])
      const third = model.predict({ x: resized })
      resizable.resize(4)
      expect(values((await first).y)).toEqual([1, 2, 3, 4])
      expect(values((await second).y)).toEqual([5, 6, 7, 8])
      expect(values((await third).y)).toEqual([9, 10, 11, 12])
    })
  })

  it('may lie in shared memory', async () => {
    const picture: ModelInit = {
      inputs: [{ name: 'x', type: image(2, 1, 'rgb') }],
      outputs: [{ name: 'y', type: image(2, 1, 'rgb') }],
    }
    await withModel(picture, async (model) => {
      const data = new Uint8Array(new SharedArrayBuffer(12), 4).fill(7)
      const { y } = await model.predict({ x: { format: 'bgra', width: 2, height: 1, data } })
      expect([...(y as Image).data]).toEqual(Array(8).fill(7))
    })
    await withModel(stateful, async (model) => {
      const shared = new Float32Array(new SharedArrayBuffer(20), 4)
      shared.set([1, 2, 3, 4])
      const sum = model.newState()
      await sum.write('sum', { type: 'float32', dims: [2, 2], data: shared })
      const y = new Float32Array(new SharedArrayBuffer(16))
      await model.predict({ x: shared }, { state: sum, outputs: { y } })
      // The sum is [2, 4, 6, 8] by then, and added once more.
      expect([...y]).toEqual([3, 6, 9, 12])
    })
  })

  it('of outputs are filled at the end', async () => {
    await withModel(vector, async (model) => {
      const y = new Float32Array(4)
      const output = await model.predict({ x: [1, 2, 3, 4] }, { outputs: { y } })
      expect([...y]).toEqual([1, 2, 3, 4])
      expect((output.y as Tensor).data).toBe(y)
    })
  })
})

describe('allocated memory', () => {
  it('is used without a copy on both sides, checked by identity', async () => {
    await withModel(vector, async (model) => {
      const before = standin.events()
      const x = model.allocate('x')
      const y = model.allocate('y')
      ;(x.data as Float32Array).set([1, 2, 3, 4])
      const output = await model.predict({ x }, { outputs: { y } })
      expect((output.y as Tensor).data).toBe(y.data)
      expect(values(y)).toEqual([1, 2, 3, 4])
      expect(standin.events().backingsUsed - before.backingsUsed).toBe(1)
      // Nothing native was made for the results: the two allocations are all the memory there is, besides what Core ML releases late.
      ;(x.data as Float32Array).set([5, 6, 7, 8])
      const { outputs } = await rawPredict(model, x, y)
      expect(outputs.y).toMatchObject({ zeroCopy: true })
      expect(outputs.y).not.toHaveProperty('buffer')
      expect(values(y)).toEqual([5, 6, 7, 8])
    })
  })

  /** The addon's own answer, which says whether Core ML took the memory. */
  async function rawPredict(model: Model, x: Tensor, y: Tensor) {
    const compiled = await addon.compileModel(modelFile(vector))
    const native = await addon.loadModel({ path: compiled }, {})
    const bytes = ({ data }: Tensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    try {
      return await native.predict(
        Object.assign(Object.create(null), { x: { kind: 'array', type: 'float32', dims: [4], bytes: bytes(x) } }),
        {
          backings: {
            y: {
              kind: 'array',
              type: 'float32',
              dims: model.outputs[0]?.type === 'multiArray' ? model.outputs[0].shape : [],
              bytes: bytes(y),
            },
          },
        },
      )
    } finally {
      await native.dispose()
    }
  }

  it.each([1, 2] as const)('refused by Core ML (mode %i) is filled by one copy', async (refuseBackings) => {
    await withModel(vector, async (model) => {
      standin.configure({ refuseBackings })
      const y = model.allocate('y')
      for (let i = 0; i < 4; ++i) {
        await model.predict({ x: [i, 2, 3, 4] }, { outputs: { y } })
        expect(values(y)).toEqual([i, 2, 3, 4])
      }
      expect(standin.events().backingsRefused).toBeGreaterThan(0)
    })
  })

  it('that holds an input is never written to while Core ML reads it', async () => {
    await withModel(vector, async (model) => {
      const both = model.allocate('x')
      ;(both.data as Float32Array).set([1, 2, 3, 4])
      const before = standin.events()
      const { y } = await model.predict({ x: both }, { outputs: { y: both } })
      expect((y as Tensor).data).toBe(both.data)
      expect(values(both)).toEqual([1, 2, 3, 4])
      expect(standin.events()).toMatchObject({ backingsUsed: before.backingsUsed, backingsRefused: before.backingsRefused })
    })
  })

  it('outlives the model and the prediction that uses it', async () => {
    const model = await load(vector)
    standin.configure({ predictMicroseconds: 30_000 })
    const prediction = (() => {
      const x = model.allocate('x')
      ;(x.data as Float32Array).set([1, 2, 3, 4])
      return model.predict({ x })
    })()
    ;(globalThis as { gc?: () => void }).gc?.()
    const disposal = model.dispose()
    expect(values((await prediction).y)).toEqual([1, 2, 3, 4])
    await disposal
  })

  it('is ordinary memory where the host forbids external buffers', async () => {
    standin.configure({ forbidExternalBuffers: true })
    await withModel(vector, async (model) => {
      const x = model.allocate('x')
      const y = model.allocate('y')
      ;(x.data as Float32Array).set([4, 3, 2, 1])
      expect(addon.isAllocated(x.data.buffer)).toBe(false)
      await model.predict({ x }, { outputs: { y } })
      expect(values(y)).toEqual([4, 3, 2, 1])
    })
  })

  it('of impossible sizes is refused', () => {
    expect(() => addon.allocate(-1)).toThrow('number of bytes')
    expect(() => addon.allocate(1.5)).toThrow('number of bytes')
    expect(() => addon.allocate(2 ** 52)).toThrow('no memory')
  })
})

describe('dispose', () => {
  it('during a prediction waits for it; what is queued rejects', async () => {
    standin.configure({ osVersion: 13 })
    const model = await load(vector)
    standin.configure({ predictMicroseconds: 50_000 })
    const running = model.predict({ x: [1, 2, 3, 4] })
    await sleep(20)
    const queued = model.predict({ x: [1, 2, 3, 4] })
    const disposal = model.dispose()
    await expect(queued).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
    expect(values((await running).y)).toEqual([1, 2, 3, 4])
    await disposal
    await expect(model.predict({ x: [1, 2, 3, 4] })).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
    await model.dispose()
  })

  it('lets the MLModel go off the JavaScript thread, and waits for that', async () => {
    const model = await load(vector)
    await sleep(100) // the thread that loaded it has let it go by then
    standin.configure({ unloadMilliseconds: 1000 })
    const start = performance.now()
    const disposal = model.dispose()
    expect(performance.now() - start).toBeLessThan(500)
    await disposal
    expect(performance.now() - start).toBeGreaterThan(950)
  })

  it('of a forgotten model is the garbage collector’s work', async () => {
    await (async () => {
      const model = await load(vector)
      await model.predict({ x: [1, 2, 3, 4] })
    })()
    // useStandin's afterEach counts the objects.
  })

  it('of the addon’s objects leaves errors, no crashes', async () => {
    const compiled = await addon.compileModel(modelFile(stateful))
    const native = await addon.loadModel({ path: compiled }, {})
    const handle = native.newState()
    await handle.read('sum')
    await native.dispose()
    await native.dispose()
    expect(() => native.newState()).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }))
    await sleep(100)
    // A state keeps what it is a part of.
    expect(standin.liveObjects()).toMatchObject({ MLModel: 1 })
    expect(await handle.read('sum')).toMatchObject({ dims: [2, 2] })
    handle.dispose()
    expect(() => handle.read('sum')).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }))
  })
})

describe('handles', () => {
  it('called on a wrong object are a TypeError', async () => {
    const compiled = await addon.compileModel(modelFile(stateful))
    const native = await addon.loadModel({ path: compiled }, {})
    const handle = native.newState()
    const cancellation = addon.newCancellation()
    for (const wrong of [handle, cancellation, {}, Object.create(native), Object.create(Object.getPrototypeOf(native))]) {
      expect(() => native.predict.call(wrong as never, {})).toThrow(TypeError)
    }
    expect(() => native.predict({}, { state: native as never })).toThrow(TypeError)
    expect(() => native.predict({}, { cancellation: handle as never })).toThrow(TypeError)
    expect(() => new (native.constructor as new () => unknown)()).toThrow(TypeError)
    await native.dispose()
  })
})

describe('abort', () => {
  it('queued work leaves at once, running work ends and is dropped', async () => {
    standin.configure({ osVersion: 13 })
    await withModel(vector, async (model) => {
      standin.configure({ predictMicroseconds: 300_000 })
      const before = standin.events().predictions
      const [one, two] = [new AbortController(), new AbortController()]
      const order: string[] = []
      const told = (name: string, work: Promise<unknown>) =>
        expect(work)
          .rejects.toMatchObject({ name: 'AbortError' })
          .then(() => order.push(name))
      const running = told('running', model.predict({ x: [1, 2, 3, 4] }, { signal: one.signal }))
      const queued = told('queued', model.predict({ x: [5, 6, 7, 8] }, { signal: two.signal }))
      await sleep(50)
      one.abort()
      two.abort()
      await Promise.all([queued, running])
      expect(order).toEqual(['queued', 'running'])
      expect(standin.events().predictions - before).toBe(1)
    })
  })

  it('and then dispose, of work that waits for its state: it is told once', async () => {
    const native = await addon.loadModel({ path: await addon.compileModel(modelFile(stateful)) }, {})
    const handle = native.newState()
    standin.configure({ predictMicroseconds: 50_000 })
    const inputs = () => Object.assign(Object.create(null), { x: { kind: 'array', type: 'float32', dims: [4], bytes: new Uint8Array(16) } })
    const running = native.predict(inputs(), { state: handle })
    const cancellation = addon.newCancellation()
    const waiting = [
      native.predict(inputs(), { state: handle, cancellation }),
      native.runTimed([inputs()], { state: handle, iterations: 1, cancellation: addon.newCancellation() }),
    ]
    const told = Promise.allSettled(waiting)
    await sleep(20)
    expect(cancellation.cancel()).toBe(true)
    const disposal = native.dispose()
    await running
    await disposal
    const codes = (await told).map((result) => result.status === 'rejected' && (result.reason as { code: string }).code)
    expect(codes).toEqual(['ERR_ABORTED', 'ERR_DISPOSED'])
    handle.dispose()
  })

  it('of a signal that lives on: predictions leave no listener on it', async () => {
    await withModel(vector, async (model) => {
      const { signal } = new AbortController()
      await model.predict({ x: [1, 2, 3, 4] }, { signal })
      await model.runTimed({ x: [1, 2, 3, 4] }, { signal })
      await expect(model.predict({ x: [1] }, { signal })).rejects.toMatchObject({ code: 'ERR_INPUT' })
      expect(getEventListeners(signal, 'abort')).toEqual([])
    })
  })

  it('ends a timed run after the prediction under way', async () => {
    await withModel(vector, async (model) => {
      standin.configure({ predictMicroseconds: 10_000 })
      const controller = new AbortController()
      const before = standin.events().predictions
      const run = model.runTimed({ x: [1, 2, 3, 4] }, { iterations: 10_000, signal: controller.signal })
      await sleep(50)
      controller.abort()
      await expect(run).rejects.toMatchObject({ name: 'AbortError' })
      expect(standin.events().predictions - before).toBeLessThan(100)
    })
  })
})

describe('states', () => {
  it('accumulate, can be read and written, and predictions with one keep their order', async () => {
    await withModel(stateful, async (model) => {
      const states = model.newState()
      expect(values(await states.read('sum'))).toEqual([0, 0, 0, 0])
      // y = x + sum, after sum += x
      const all = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => model.predict({ x: [n, n, n, n] }, { state: states })))
      expect(all.map(({ y }) => values(y)[0])).toEqual([1 + 1, 2 + 3, 3 + 6, 4 + 10, 5 + 15, 6 + 21])
      await states.write('sum', { type: 'float32', dims: [2, 2], data: Float32Array.of(10, 20, 30, 40) })
      expect(values(await states.read('sum'))).toEqual([10, 20, 30, 40])
      const { y } = await model.predict({ x: [1, 1, 1, 1] }, { state: states })
      expect(values(y)).toEqual([12, 22, 32, 42])
      states.dispose()
    })
  })

  it('two of them are independent, and overlap', async () => {
    await withModel(stateful, async (model) => {
      const [a, b] = [model.newState(), model.newState()]
      standin.configure({ predictMicroseconds: 5_000 })
      await Promise.all(
        [1, 2, 3].flatMap((n) => [model.predict({ x: [n, n, n, n] }, { state: a }), model.predict({ x: [9, 9, 9, 9] }, { state: b })]),
      )
      expect(values(await a.read('sum'))).toEqual([6, 6, 6, 6])
      expect(values(await b.read('sum'))).toEqual([27, 27, 27, 27])
      a.dispose()
      b.dispose()
    })
  })

  it('a read waits for the prediction that runs with the state, a write lies among them in order', async () => {
    await withModel(stateful, async (model) => {
      const states = model.newState()
      standin.configure({ predictMicroseconds: 30_000 })
      const first = model.predict({ x: [1, 1, 1, 1] }, { state: states })
      const read = states.read('sum')
      const written = states.write('sum', { type: 'float32', dims: [2, 2], data: Float32Array.of(10, 20, 30, 40) })
      const second = model.predict({ x: [1, 1, 1, 1] }, { state: states })
      expect(values(await read)).toEqual([1, 1, 1, 1])
      expect(values((await second).y)).toEqual([12, 22, 32, 42])
      await Promise.all([first, written])
      states.dispose()
    })
  })

  it('are used in the order of the calls, however many are under way', async () => {
    await withModel(stateful, async (model) => {
      const states = model.newState()
      const turns = Array.from({ length: 50 }, () => [model.predict({ x: [1, 1, 1, 1] }, { state: states }), states.read('sum')])
      for (const [index, [predicted, read]] of turns.entries()) {
        const sum = index + 1
        expect(values(await read)).toEqual([sum, sum, sum, sum])
        expect(values(((await predicted) as Features).y)).toEqual([sum + 1, sum + 1, sum + 1, sum + 1])
      }
      states.dispose()
    })
  })

  it('whose rows are padded and whose elements lie apart are read and written', async () => {
    standin.configure({ elementStride: 2 })
    await withModel(stateful, async (model) => {
      const states = model.newState()
      await states.write('sum', { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) })
      expect(values(await states.read('sum'))).toEqual([1, 2, 3, 4])
      // The stand-in itself finds them where they belong: y = x + sum, after sum += x.
      expect(values((await model.predict({ x: [10, 10, 10, 10] }, { state: states })).y)).toEqual([21, 22, 23, 24])
      standin.configure({ shortMemory: true })
      const refusal = { code: 'ERR_PREDICT', message: expect.stringMatching(/"sum": its strides reach beyond its memory/) }
      await expect(states.read('sum')).rejects.toMatchObject(refusal)
      await expect(
        states.write('sum', [
          [1, 2],
          [3, 4],
        ]),
      ).rejects.toMatchObject(refusal)
      states.dispose()
    })
  })

  it.each([16, 33, 100, 300])('whose padded rows have %i elements keep each of them', async (length) => {
    const dims = [3, length]
    await withModel({ ...vector, states: [{ name: 'sum', type: state('float32', dims) }] }, async (model) => {
      const states = model.newState()
      const data = Float32Array.from({ length: 3 * length }, (_, index) => index - 7)
      await states.write('sum', { type: 'float32', dims, data })
      expect((await states.read('sum')).data).toEqual(data)
      states.dispose()
    })
  })

  it('of a wrong shape or name are refused in words', async () => {
    await withModel(stateful, async (model) => {
      const states = model.newState()
      await expect(states.read('other')).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
      await expect(states.write('sum', { type: 'float32', dims: [4], data: new Float32Array(4) })).rejects.toMatchObject({
        code: expect.stringMatching(/ERR_(INPUT|ARGUMENT)/),
      })
      states.dispose()
    })
    const native = await addon.loadModel({ path: await addon.compileModel(modelFile(stateful)) }, {})
    const handle = native.newState()
    const bytes = new Uint8Array(16)
    await expect(handle.write('sum', { kind: 'array', type: 'float32', dims: [4], bytes })).rejects.toMatchObject({
      message: expect.stringContaining('2 × 2'),
    })
    await expect(handle.read('nothing')).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringContaining('nothing') })
    await native.dispose()
  })

  it('are made while the model predicts without using it on two threads, and without holding up this one', async () => {
    await withModel(stateful, async (model) => {
      const first = model.newState()
      await first.read('sum')
      standin.configure({ predictMicroseconds: 50_000, newStateMilliseconds: 500 })
      const running = model.predict({ x: [1, 1, 1, 1] }, { state: first })
      await sleep(10)
      const start = performance.now()
      const second = model.newState()
      const other = model.predict({ x: [2, 2, 2, 2] }, { state: second })
      expect(performance.now() - start).toBeLessThan(250)
      expect(values((await running).y)).toEqual([2, 2, 2, 2])
      expect(values((await other).y)).toEqual([4, 4, 4, 4])
      first.dispose()
      second.dispose()
      // useStandin's afterEach counts the violations.
    })
  })

  it('that could not be made say so to whoever uses them', async () => {
    const model = await load(stateful)
    standin.configure({ throwFromNewState: true })
    const state = model.newState()
    const failure = { code: 'ERR_PREDICT', message: expect.stringContaining('thrown from newState') }
    await expect(model.predict({ x: [1, 1, 1, 1] }, { state })).rejects.toMatchObject(failure)
    await expect(model.runTimed({ x: [1, 1, 1, 1] }, { state, iterations: 1 })).rejects.toMatchObject(failure)
    await expect(state.read('sum')).rejects.toMatchObject(failure)
    await expect(state.write('sum', [1, 2, 3, 4])).rejects.toMatchObject(failure)
    standin.configure({ throwFromNewState: false })
    // Its turn does not come any more.
    standin.configure({ predictMicroseconds: 50_000 })
    const used = model.newState()
    await used.read('sum')
    const before = standin.events().predictions
    const running = model.predict({ x: [1, 1, 1, 1] }, { state: used })
    while (standin.events().predictions === before) await sleep(1)
    const late = model.newState()
    const read = late.read('sum')
    const disposal = model.dispose()
    await expect(read).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
    await running
    await disposal
    for (const each of [state, late, used]) each.dispose()
  })

  it('need macOS 15', async () => {
    standin.configure({ osVersion: 14.4 })
    await withModel(vector, async (model) => {
      expect(() => model.newState()).toThrow(
        expect.objectContaining({ code: 'ERR_OS_VERSION', message: expect.stringContaining('macOS 15') }),
      )
    })
  })
})

describe('concurrency', () => {
  it('macOS 13: one prediction of a model at a time', async () => {
    standin.configure({ osVersion: 13 })
    await withModel(vector, async (model) => {
      standin.configure({ predictMicroseconds: 2_000 })
      const before = standin.events()
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => model.predict({ x: [n, 0, 0, 0] })))
      expect(all.map(({ y }) => values(y)[0])).toEqual(Array.from({ length: 20 }, (_, n) => n))
      expect(standin.events().asynchronousPredictions).toBe(before.asynchronousPredictions)
    })
  })

  it('from macOS 14: overlapping, no more than the limit', async () => {
    standin.configure({ osVersion: 14 })
    const native = await addon.loadModel({ path: await addon.compileModel(modelFile(vector)) }, { maximumOverlap: 2 })
    standin.configure({ predictMicroseconds: 10_000 })
    const inputs = () => Object.assign(Object.create(null), { x: { kind: 'array', type: 'float32', dims: [4], bytes: new Uint8Array(16) } })
    const inside = () => standin.events().insideNanoseconds / 1e6
    const [start, insideBefore] = [performance.now(), inside()]
    await Promise.all(Array.from({ length: 16 }, () => native.predict(inputs())))
    // One after another they would take at least as long as they are inside.
    expect(performance.now() - start).toBeLessThan(inside() - insideBefore)
    expect(standin.events().maximumOverlap).toBe(2)
    // A batch and a timed run have the model to themselves: useStandin's afterEach looks for violations.
    await Promise.all([
      native.predict(inputs()),
      native.predictBatch([inputs(), inputs()]),
      native.predict(inputs()),
      native.runTimed([inputs()], { iterations: 3 }),
    ])
    await native.dispose()
  })

  it('a lone prediction is synchronous, off the JavaScript thread', async () => {
    await withModel(vector, async (model) => {
      const before = standin.events().asynchronousPredictions
      for (let i = 0; i < 5; ++i) await model.predict({ x: [1, 2, 3, 4] })
      expect(standin.events().asynchronousPredictions).toBe(before)
    })
  })
})

describe('timing', () => {
  it('every prediction tells the native time', async () => {
    await withModel(vector, async (model) => {
      standin.configure({ predictMicroseconds: 5_000 })
      const { nativeNanoseconds } = await model.predictDetailed({ x: [1, 2, 3, 4] })
      expect(nativeNanoseconds).toBeGreaterThan(5e6)
      expect(nativeNanoseconds).toBeLessThan(200e6)
    })
  })

  it('runTimed: by number, by time, in turn, in blocks', async () => {
    await withModel(vector, async (model) => {
      const run = await model.runTimed([{ x: [1, 0, 0, 0] }, { x: [2, 0, 0, 0] }], { iterations: 7 })
      expect(run.nanoseconds).toHaveLength(7)
      expect(values(run.outputs.y)[0]).toBe(1) // the seventh of two in turn
      const even = await model.runTimed([{ x: [1, 0, 0, 0] }, { x: [2, 0, 0, 0] }], { iterations: 8 })
      expect(values(even.outputs.y)[0]).toBe(2) // the eighth
      expect(run.qualityOfService).toBe('userInitiated')
      standin.configure({ predictMicroseconds: 1_000 })
      const timed = await model.runTimed({ x: [1, 0, 0, 0] }, { durationMilliseconds: 50 })
      expect(timed.elapsedMilliseconds).toBeGreaterThanOrEqual(50)
      expect(timed.nanoseconds.length).toBeGreaterThan(1)
      expect(timed.nanoseconds.length).toBeLessThanOrEqual(50)
      for (const sample of timed.nanoseconds) expect(sample).toBeGreaterThan(1e6)
      const before = standin.events().predictions
      // Whole blocks: ten predictions in blocks of four are twelve.
      expect((await model.runTimed({ x: [1, 0, 0, 0] }, { iterations: 10, block: 4 })).nanoseconds).toHaveLength(3)
      expect(standin.events().predictions - before).toBe(12)
    })
    const native = await addon.loadModel({ path: await addon.compileModel(modelFile(vector)) }, {})
    const inputs = Object.assign(Object.create(null), { x: { kind: 'array', type: 'float32', dims: [4], bytes: new Uint8Array(16) } })
    const before = standin.events().predictions
    const blocks = await native.runTimed([inputs], { iterations: 12, block: 4 })
    expect(blocks.nanoseconds).toHaveLength(3)
    // Each sample is a mean: four of each fill the time of the loop, and no more.
    const sum = blocks.nanoseconds.reduce((total, sample) => total + sample, 0)
    expect(4 * sum).toBeGreaterThanOrEqual(12e6)
    expect(4 * sum).toBeLessThanOrEqual(1e6 * blocks.elapsedMilliseconds)
    expect(standin.events().predictions - before).toBe(12)
    await native.dispose()
  })
})
