import { describe, expect, it } from 'vitest'
import { type ApiHost, alike, forecasts, models, numbersOf, past, withModel } from './host.ts'

const sum = (samples: Float64Array) => samples.reduce((total, each) => total + each, 0)

export function timing(host: ApiHost): void {
  describe('time', () => {
    it('of one prediction, inside: more than nothing, less than around it', async () => {
      await withModel(host, models.lstm, async (model) => {
        const start = performance.now()
        const { outputs, nativeNanoseconds, intermediates } = await model.predictDetailed(past(1))
        expect(nativeNanoseconds).toBeGreaterThan(0)
        expect(nativeNanoseconds).toBeLessThanOrEqual((performance.now() - start) * 1e6)
        expect(intermediates).toBeUndefined()
        expect(alike(numbersOf(outputs, 'future'), numbersOf(await model.predict(past(1)), 'future'))).toBe(true)
      })
    })

    it.each<[object, number]>([
      [{}, 1],
      [{ iterations: 7 }, 7],
      [{ iterations: 10, block: 5 }, 2],
      [{ iterations: 11, block: 5 }, 3],
    ])('of a loop with %j: %i samples', async (limits, count) => {
      await withModel(host, models.lstm, async (model) => {
        const { nanoseconds, elapsedMilliseconds, outputs } = await model.runTimed(past(1), limits)
        expect(nanoseconds).toBeInstanceOf(Float64Array)
        expect(nanoseconds).toHaveLength(count)
        expect(nanoseconds.every((sample) => sample > 0)).toBe(true)
        expect(sum(nanoseconds)).toBeLessThanOrEqual(elapsedMilliseconds * 1e6)
        expect(alike(numbersOf(outputs, 'future'), numbersOf(await model.predict(past(1)), 'future'))).toBe(true)
      })
    })

    it('of a loop that ends by the clock', async () => {
      await withModel(host, models.lstm, async (model) => {
        const { nanoseconds, elapsedMilliseconds } = await model.runTimed(past(1), { durationMilliseconds: 30 })
        expect(nanoseconds.length).toBeGreaterThan(1)
        expect(elapsedMilliseconds).toBeGreaterThanOrEqual(30)
        expect(elapsedMilliseconds - sum(nanoseconds.subarray(-1)) / 1e6).toBeLessThan(3000)
      })
    })

    it('of a loop over several inputs, taken in turn: the last one’s outputs', async () => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = await forecasts(model, 3)
        for (const [iterations, last] of [
          [3, 2],
          [5, 1],
        ] as const) {
          const { outputs } = await model.runTimed([past(0), past(1), past(2)], { iterations })
          expect(alike(wanted[last]!, numbersOf(outputs, 'future'))).toBe(true)
        }
      })
    })

    it.each<[string, unknown, object, string]>([
      ['no inputs', [], {}, 'ERR_INPUT'],
      ['a wrong input', { past: 1 }, {}, 'ERR_INPUT'],
      ['no iterations', past(0), { iterations: 0 }, 'ERR_ARGUMENT'],
      ['half a block', past(0), { block: 0.5 }, 'ERR_ARGUMENT'],
    ])('not with %s', async (_, inputs, options, code) => {
      await withModel(host, models.lstm, async (model) => {
        await expect(model.runTimed(inputs as never, options)).rejects.toMatchObject({ code })
      })
    })
  })

  describe('the plan', () => {
    it('names each operation, or says why there is none', async () => {
      await withModel(host, models.digits, async (model) => {
        const plan = await model.computePlan()
        if (host.plans !== 'maybe') expect('unavailable' in plan ? 'unavailable' : 'operations').toBe(host.plans)
        if ('unavailable' in plan) {
          expect(plan.unavailable).toMatch(/\w+ \w+/)
          return
        }
        // The net has convolutions, and operators come without the prefix of their set.
        expect(plan.map(({ operator }) => operator)).toContain('conv')
        for (const { name, operator, preferred, supported, cost } of plan) {
          expect(name).toEqual(expect.any(String))
          expect(operator).toMatch(/^[a-z]\w*$/)
          expect(['cpu', 'gpu', 'neuralEngine', 'unknown']).toContain(preferred)
          for (const device of supported) expect(['cpu', 'gpu', 'neuralEngine']).toContain(device)
          if (preferred !== 'unknown') expect(supported).toContain(preferred)
          if (typeof cost === 'number') {
            expect(cost).toBeGreaterThanOrEqual(0)
            expect(cost).toBeLessThanOrEqual(1)
          } else expect(cost).toEqual({ unavailable: expect.any(String) })
        }
      })
    })
  })
}
