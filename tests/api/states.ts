import { describe, expect, it } from 'vitest'
import type { Model } from '../../src/model/model.ts'
import type { ModelState } from '../../src/model/state.ts'
import { bytesOf } from '../../src/model/tensor.ts'
import { type ApiHost, alike, models, numbersOf, withModel } from './host.ts'

const size = 3 * 4 * 128 * 24
const token = (code: number, position = 0) => ({ token: [[code]], position: [position] })

/** One of the decoder's states as numbers. */
async function read(state: ModelState, name = 'keyCache'): Promise<number[]> {
  return numbersOf({ [name]: await state.read(name) }, name)
}
const isZero = (values: readonly number[]) => values.every((value) => value === 0)

export function states(host: ApiHost): void {
  describe.skipIf(!host.hasStates)(`states${host.hasStates ? '' : ' (skipped: they need macOS 15)'}`, () => {
    it('begin as zeros, and hold what is written', async () => {
      await withModel(host, models.decoder, async (model) => {
        const state = model.newState()
        expect(state.names).toEqual(['keyCache', 'valueCache'])
        for (const name of state.names) expect(isZero(await read(state, name))).toBe(true)
        // Multiples of 1/8 up to 16 are exact in half precision.
        const written = Float32Array.from({ length: size }, (_, i) => ((i * 7) % 256) / 8 - 16)
        await state.write('keyCache', written)
        written.fill(1)
        const kept = await state.read('keyCache')
        expect(kept).toMatchObject({ type: 'float16', dims: [3, 4, 128, 24] })
        expect(numbersOf({ kept }, 'kept')).toEqual(Array.from({ length: size }, (_, i) => ((i * 7) % 256) / 8 - 16))
        expect(isZero(await read(state, 'valueCache'))).toBe(true)
        bytesOf(kept.data).fill(0)
        expect(isZero(await read(state))).toBe(false)
        state.dispose()
      })
    })

    it('are changed by predictions, each alone', async () => {
      await withModel(host, models.decoder, async (model) => {
        const [one, other] = [model.newState(), model.newState()]
        const first = await model.predict(token(65), { state: one })
        const kept = await read(one)
        expect(isZero(kept)).toBe(false)
        expect(isZero(await read(other))).toBe(true)
        // The next prediction goes on from there; in a fresh state the first one comes again.
        const next = numbersOf(await model.predict(token(65, 1), { state: one }), 'logits')
        expect(alike(await read(one), kept)).toBe(false)
        expect(alike(numbersOf(first, 'logits'), numbersOf(await model.predict(token(65), { state: other }), 'logits'))).toBe(true)
        expect(alike(next, numbersOf(await model.predict(token(65, 1), { state: other }), 'logits'))).toBe(true)
        // Back to zeros, it is as fresh.
        for (const name of one.names) await one.write(name, new Float32Array(size))
        expect(alike(numbersOf(first, 'logits'), numbersOf(await model.predict(token(65), { state: one }), 'logits'))).toBe(true)
        one.dispose()
        other.dispose()
      })
    })

    it('predictions asked for at once with one state run one after another', async () => {
      await withModel(host, models.decoder, async (model) => {
        const codes = [84, 104, 101, 32]
        const [turns, together] = [model.newState(), model.newState()]
        const wanted: number[][] = []
        for (const [i, code] of codes.entries()) wanted.push(numbersOf(await model.predict(token(code, i), { state: turns }), 'logits'))
        const results = await Promise.all(codes.map((code, i) => model.predict(token(code, i), { state: together })))
        expect(results.map((result, i) => alike(wanted[i]!, numbersOf(result, 'logits')))).toEqual(codes.map(() => true))
        turns.dispose()
        together.dispose()
      })
    })

    it('belong to every model whose states are the same: the functions of one file', async () => {
      const load = (functionName: string) => host.load(models.functions, { functionName })
      const [prefill, decode] = (await Promise.all([load('prefill'), load('decode')])) as [Model, Model]
      const state = prefill.newState()
      const prompt = numbersOf(await prefill.predict({ x: [1, 2, 0.5] }, { state }), 'sum')
      const after = numbersOf(await decode.predict({ x: [4] }, { state }), 'sum')
      const kept = await read(state, 'total')
      if (host.leastPsnr) expect([...prompt, ...after, ...kept]).toEqual([3.5, 7.5, 7.5])
      expect(isZero(kept)).toBe(false)
      const fresh = decode.newState()
      expect(alike(after, numbersOf(await decode.predict({ x: [4] }, { state: fresh }), 'sum'))).toBe(false)
      await withModel(host, models.decoder, (other) =>
        expect(other.predict(token(65), { state })).rejects.toMatchObject({ code: 'ERR_ARGUMENT' }),
      )
      for (const each of [state, fresh]) each.dispose()
      for (const model of [prefill, decode]) await model.dispose()
    })

    it('are refused under another name, with another shape, and after their end', async () => {
      await withModel(host, models.decoder, async (model) => {
        const state = model.newState()
        await expect(state.read('keyCach')).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
        await expect(state.write('keyCach', [1])).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
        await expect(state.write('keyCache', new Float32Array(size - 1))).rejects.toMatchObject({ code: 'ERR_INPUT' })
        await expect(model.predict(token(65), { state: {} as never })).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
        state.dispose()
        state.dispose()
        const disposed = { code: 'ERR_DISPOSED' }
        await expect(state.read('keyCache')).rejects.toMatchObject(disposed)
        await expect(state.write('keyCache', new Float32Array(size))).rejects.toMatchObject(disposed)
        await expect(model.predict(token(65), { state })).rejects.toMatchObject(disposed)
      })
      const model = await host.load(models.decoder)
      const state = model.newState()
      await model.dispose()
      await expect(state.read('keyCache')).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
      state.dispose()
    })
  })
}
