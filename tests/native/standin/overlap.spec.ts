// Predictions that overlap: their times, and dispose among them. And work that is aborted on its way.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { clearCache, listCache } from '../../../src/backends/apple/cache.ts'
import { Model } from '../../../src/model/model.ts'
import { addon, standin, useStandin } from './addon.ts'
import { modelFile, vector } from './models.ts'
import { fresh, load, useScratch } from './scratch.ts'

useStandin()
const temporary = useScratch()

const inputs = (n = 0) =>
  Object.assign(Object.create(null), {
    x: { kind: 'array', type: 'float32', dims: [4], bytes: new Uint8Array(Float32Array.of(n, n, n, n).buffer) },
  })

const nativeModel = async (maximumOverlap: number) =>
  addon.loadModel({ path: await addon.compileModel(modelFile(vector)) }, { maximumOverlap })

describe('predictions that overlap', () => {
  it('tell the time that Core ML took for each, without the time in the queue', async () => {
    const native = await nativeModel(2)
    standin.configure({ predictMicroseconds: 30_000 })
    const before = standin.events().asynchronousPredictions
    const start = performance.now()
    const all = await Promise.all(Array.from({ length: 8 }, () => native.predict(inputs())))
    const elapsed = performance.now() - start
    expect(standin.events().asynchronousPredictions - before).toBeGreaterThan(6)
    const milliseconds = all.map(({ nanoseconds }) => nanoseconds / 1e6)
    for (const each of milliseconds) expect(each).toBeGreaterThanOrEqual(30)
    // Two at a time cannot have spent more than twice the time that went by.
    expect(milliseconds.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(2 * elapsed)
    await native.dispose()
  })

  it('are waited for by dispose, which refuses those in the queue', async () => {
    const native = await nativeModel(2)
    // Two that meet: from then on the next ones overlap, the first of them too.
    standin.configure({ predictMicroseconds: 50_000 })
    const alone = standin.events().predictions
    const first = native.predict(inputs())
    while (standin.events().predictions === alone) await sleep(1)
    await Promise.all([first, native.predict(inputs())])
    standin.configure({ predictMicroseconds: 300_000 })
    const before = standin.events()
    const order: string[] = []
    const all = [1, 2, 3, 4, 5].map((n) =>
      native.predict(inputs(n)).finally(() => {
        order.push(`${n}`)
      }),
    )
    const told = Promise.allSettled(all)
    while (standin.events().predictions - before.predictions < 2) await sleep(1)
    await native.dispose().then(() => order.push('disposed'))
    expect(order.at(-1)).toBe('disposed')
    const results = await told
    expect(results.slice(0, 2).map((result) => result.status === 'fulfilled' && result.value.outputs.y)).toMatchObject(
      [1, 2].map((n) => ({ buffer: Float32Array.of(n, n, n, n).buffer })),
    )
    for (const result of results.slice(2)) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_DISPOSED' } })
    expect(standin.events().predictions - before.predictions).toBe(2)
    expect(standin.events().asynchronousPredictions).toBeGreaterThan(before.asynchronousPredictions)
    expect(() => native.predict(inputs())).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }))
  })

  it.each([false, true])('are told of before dispose is, refused or not (overlapping: %s)', (overlapping) => {
    expect(standin.closeQueue(overlapping, false)).toEqual(['refused', 'result', 'drained'])
    expect(standin.closeQueue(overlapping, true)).toEqual(['result', 'drained'])
  })
})

describe('abort', () => {
  it('of a batch: one in the queue never runs, one that runs is dropped when it ends', async () => {
    const model = await Model.load(modelFile(vector), { backend: 'apple' })
    standin.configure({ predictMicroseconds: 100_000 })
    const before = standin.events().predictions
    const [one, two] = [new AbortController(), new AbortController()]
    const x = [1, 2, 3, 4]
    const running = model.predictBatch([{ x }, { x }], { signal: one.signal })
    const queued = model.predictBatch([{ x }, { x }, { x }], { signal: two.signal })
    const told = Promise.allSettled([running, queued])
    while (standin.events().predictions === before) await sleep(1)
    one.abort()
    two.abort()
    for (const result of await told) expect(result).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } })
    await model.dispose()
    expect(standin.events().predictions - before).toBe(2)
  })

  it('of a load while Core ML compiles: nothing is loaded, and the entry is free', async () => {
    standin.configure({ compileMilliseconds: 200 })
    const controller = new AbortController()
    const phases: string[] = []
    const loading = load(fresh(), { signal: controller.signal, onProgress: (phase: string) => phases.push(phase) })
    await expect.poll(() => phases).toEqual(['compiling'])
    controller.abort()
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
    // What was compiled is kept for the next time, and used by nobody.
    await expect.poll(listCache).toHaveLength(1)
    await expect.poll(() => readdirSync(temporary())).toEqual([])
    await sleep(50)
    expect(phases).toEqual(['compiling'])
    expect(await clearCache()).toMatchObject({ inUse: 0 })
  })
})
