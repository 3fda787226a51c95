import { describe, expect, it } from 'vitest'
import type { Model } from '../../src/model/model.ts'
import { bytesOf } from '../../src/model/tensor.ts'
import { type ApiHost, alike, forecasts, models, numbersOf, past, withModel } from './host.ts'

const aborted = { name: 'AbortError' }

/** Every call that does something, with the given signal. */
const calls = (signal?: AbortSignal): Record<string, (model: Model) => Promise<unknown>> => ({
  predict: (model) => model.predict(past(0), { signal }),
  predictDetailed: (model) => model.predictDetailed(past(0), { signal }),
  predictBatch: (model) => model.predictBatch([past(0)], { signal }),
  runTimed: (model) => model.runTimed(past(0), { signal }),
})

export function ending(host: ApiHost): void {
  describe('an AbortSignal', () => {
    it('that was aborted before: nothing is done', async () => {
      const reason = new Error('enough')
      const signal = AbortSignal.abort(reason)
      await expect(host.load(models.lstm, { signal })).rejects.toMatchObject({ ...aborted, cause: reason })
      await withModel(host, models.lstm, async (model) => {
        for (const [name, call] of Object.entries(calls(signal)))
          await expect(call(model), name).rejects.toMatchObject({ ...aborted, cause: reason })
      })
    })

    it('aborted while predictions wait: they end so, the others go on', async () => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = await forecasts(model, 1)
        host.slowDown?.()
        const controller = new AbortController()
        const settled: string[] = []
        const note = (name: string) => () => void settled.push(name)
        const running = Array.from({ length: 40 }, () => model.predict(past(0)).finally(note('run')))
        const waiting = Promise.allSettled(Object.values(calls(controller.signal)).map((call) => call(model).finally(note('waiting'))))
        const behind = model.predict(past(0)).finally(note('behind'))
        controller.abort()
        for (const result of await waiting) expect(result).toMatchObject({ status: 'rejected', reason: aborted })
        for (const result of await Promise.all([...running, behind])) expect(alike(wanted[0]!, numbersOf(result, 'future'))).toBe(true)
        // What waited left before its turn: not all others were through.
        if (host.slowDown) expect(settled.lastIndexOf('waiting')).toBeLessThan(settled.length - 10)
      })
    })

    it('aborted while a loop runs: it ends with the prediction that runs', async () => {
      await withModel(host, models.lstm, async (model) => {
        const controller = new AbortController()
        const running = model.runTimed(past(0), { durationMilliseconds: 60_000, signal: controller.signal })
        setTimeout(() => controller.abort(), 50)
        await expect(running).rejects.toMatchObject(aborted)
        expect((await model.predict(past(0))).future).toBeDefined()
      })
    })

    it('that is never aborted changes nothing', async () => {
      await withModel(host, models.lstm, async (model) => {
        for (const call of Object.values(calls(new AbortController().signal))) expect(await call(model)).toBeDefined()
      })
    })
  })

  describe('dispose', () => {
    it('waits for predictions in flight: each has its result, or an error that says why it never ran', async () => {
      const model = await host.load(models.lstm)
      const wanted = await forecasts(model, 4)
      let settled = 0
      const all = [...wanted.map((_, seed) => model.predict(past(seed))), model.predictBatch([past(0)]).then(([first]) => first!)]
      const results = Promise.allSettled(all.map((promise) => promise.finally(() => settled++)))
      await model.dispose()
      // Their promises may need a few more microtasks than that of dispose.
      await new Promise(setImmediate)
      expect(settled).toBe(5)
      for (const [i, result] of (await results).entries()) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'CoreMLError', code: 'ERR_DISPOSED' })
        else expect(alike(wanted[i % 4]!, numbersOf(result.value, 'future'))).toBe(true)
      }
    })

    it('happens once; what is used afterwards is an error', async () => {
      const model = await host.load(models.lstm)
      await Promise.all([model.dispose(), model[Symbol.asyncDispose](), model.dispose()])
      expect(model.disposed).toBe(true)
      const disposed = { name: 'CoreMLError', code: 'ERR_DISPOSED' }
      for (const [name, call] of Object.entries(calls())) await expect(call(model), name).rejects.toMatchObject(disposed)
      await expect(model.computePlan()).rejects.toMatchObject(disposed)
      expect(() => model.newState()).toThrow(expect.objectContaining(disposed))
      expect(() => model.allocate('past')).toThrow(expect.objectContaining(disposed))
      expect(model.inputs).toHaveLength(1)
    })

    it('leaves arrays from allocate and results as they are', async () => {
      const model = await host.load(models.lstm)
      const output = model.allocate('future')
      const result = await model.predict(past(1), { outputs: { future: output } })
      const before = numbersOf(result, 'future')
      await model.dispose()
      expect(numbersOf(result, 'future')).toEqual(before)
      bytesOf(output.data).fill(0)
    })
  })
}
