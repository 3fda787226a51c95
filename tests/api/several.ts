import { describe, expect, it } from 'vitest'
import { type ApiHost, alike, forecasts, models, numbersOf, past, withModel } from './host.ts'

export function several(host: ApiHost): void {
  describe('several predictions', () => {
    it('in one batch: results in the order of the inputs', async () => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = await forecasts(model, 9)
        const results = await model.predictBatch(wanted.map((_, seed) => past(seed)))
        expect(results.map((result, seed) => alike(wanted[seed]!, numbersOf(result, 'future')))).toEqual(wanted.map(() => true))
        expect(wanted.slice(1).some((other) => alike(wanted[0]!, other))).toBe(false)
        expect(await model.predictBatch([])).toEqual([])
      })
    })

    it('in one batch: the element that is wrong is named', async () => {
      await withModel(host, models.lstm, async (model) => {
        await expect(model.predictBatch([past(0), { past: [1, 2, 3] }])).rejects.toMatchObject({
          code: 'ERR_INPUT',
          message: expect.stringMatching(/^element 1 of the batch: input "past"/),
        })
        await expect(model.predictBatch(past(0) as never)).rejects.toMatchObject({ code: 'ERR_INPUT' })
      })
    })

    it('64 at once, each with its own result', async () => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = await forecasts(model, 8)
        const results = await Promise.all(Array.from({ length: 64 }, (_, i) => model.predict(past(i % 8))))
        expect(results.filter((result, i) => !alike(wanted[i % 8]!, numbersOf(result, 'future')))).toEqual([])
      })
    })

    // A system may run a lone prediction in another way than several at once, on the same model.
    it('many at once and one alone by turns', async () => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = await forecasts(model, 4)
        for (let turn = 0; turn < 20; turn++) {
          const together = Array.from({ length: turn % 5 }, (_, i) => model.predict(past(i)))
          const batch = turn % 3 === 0 ? model.predictBatch([past(1), past(2)]) : []
          for (const [i, result] of (await Promise.all(together)).entries())
            expect(alike(wanted[i]!, numbersOf(result, 'future'))).toBe(true)
          for (const [i, result] of (await batch).entries()) expect(alike(wanted[i + 1]!, numbersOf(result, 'future'))).toBe(true)
          expect(alike(wanted[turn % 4]!, numbersOf(await model.predict(past(turn % 4)), 'future'))).toBe(true)
        }
      })
    })

    it('of several models at once', async () => {
      const loaded = await Promise.all([1, 2, 3].map(() => host.load(models.lstm)))
      try {
        const wanted = await forecasts(loaded[0]!, 3)
        const results = await Promise.all(loaded.flatMap((model) => wanted.map((_, seed) => model.predict(past(seed)))))
        expect(results.filter((result, i) => !alike(wanted[i % 3]!, numbersOf(result, 'future')))).toEqual([])
      } finally {
        await Promise.all(loaded.map((model) => model.dispose()))
      }
    })
  })
}
