import { describe, expect, it } from 'vitest'
import { fromNumbers } from '../../src/model/convert.ts'
import { bytesOf, type Tensor } from '../../src/model/tensor.ts'
import { type ApiHost, alike, models, numbersOf, past, signal, withModel } from './host.ts'

/** What a caller may do with an array whose prediction runs. */
const changes: [string, (data: Float32Array<ArrayBuffer>) => void][] = [
  ['overwritten', (data) => void data.fill(77)],
  ['transferred', (data) => void structuredClone(data, { transfer: [data.buffer] })],
]

export function callersMemory(host: ApiHost): void {
  describe('the caller’s arrays are the caller’s again as soon as there is a promise', () => {
    it.each(changes)('%s: by predict, predictBatch and runTimed', async (_, change) => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = numbersOf(await model.predict(past(1)), 'future')
        const calls = [
          (data: Float32Array) => model.predict({ past: data }),
          async (data: Float32Array) => (await model.predictBatch([{ past: data }]))[0]!,
          async (data: Float32Array) => (await model.runTimed({ past: data }, { iterations: 3 })).outputs,
        ]
        for (const call of calls) {
          const data = signal(1)
          const running = call(data)
          change(data)
          expect(alike(wanted, numbersOf(await running, 'future'))).toBe(true)
        }
      })
    })

    it('raw pixels, too', async () => {
      await withModel(host, models.detector, async (model) => {
        const image = () => ({ width: 96, height: 96, data: Uint8Array.from({ length: 4 * 96 * 96 }, (_, i) => (i * 7) % 256) })
        const wanted = numbersOf(await model.predict({ image: image() }), 'coordinates')
        const given = image()
        const running = model.predict({ image: given })
        given.data.fill(0)
        expect(alike(wanted, numbersOf(await running, 'coordinates'))).toBe(true)
        given.data.fill(0)
        expect(alike(wanted, numbersOf(await model.predict({ image: given }), 'coordinates'))).toBe(false)
      })
    })

    it('and results are: the next prediction leaves them as they are', async () => {
      await withModel(host, models.lstm, async (model) => {
        const first = await model.predict(past(1))
        const before = numbersOf(first, 'future')
        const second = await model.predict(past(2))
        expect((second.future as Tensor).data.buffer).not.toBe((first.future as Tensor).data.buffer)
        expect(numbersOf(first, 'future')).toEqual(before)
      })
    })
  })

  describe('outputs in the caller’s own arrays', () => {
    const x = (seed: number) => ({ x: Float32Array.from({ length: 84 }, (_, i) => ((i * seed) % 13) - 6) })

    it('are filled, and are the data of the results; other outputs come as always', async () => {
      await withModel(host, models.pool, async (model) => {
        const [one, two] = [await model.predict(x(5)), await model.predict(x(7))]
        const max = new Float32Array(24)
        const wide = new Float32Array(30)
        const avg = wide.subarray(3, 27)
        const mine = await model.predict(x(5), { outputs: { max, avg: { type: 'float32', data: avg, dims: [1, 2, 4, 3] } } })
        expect((mine.max as Tensor).data).toBe(max)
        expect((mine.avg as Tensor).data).toBe(avg)
        expect(Object.keys(mine).sort()).toEqual(Object.keys(one).sort())
        for (const name of Object.keys(one)) expect(alike(numbersOf(one, name), numbersOf(mine, name)), name).toBe(true)
        expect([...wide.subarray(0, 3), ...wide.subarray(27)]).toEqual([0, 0, 0, 0, 0, 0])
        await model.predict(x(7), { outputs: { max } })
        expect(alike(numbersOf(two, 'max'), [...max])).toBe(true)
        expect(alike(numbersOf(one, 'max'), [...max])).toBe(false)
      })
    })

    it.each<[string, string, Record<string, unknown>]>([
      ['another length', 'pool', { max: new Float32Array(23) }],
      ['another type', 'pool', { max: new Float64Array(24) }],
      ['no array', 'pool', { max: 24 }],
      ['another name', 'pool', { maxx: new Float32Array(24) }],
      ['an output that is no multiarray', 'rnn', { figure: new Float32Array(1) }],
    ])('not with %s', async (_, name, outputs) => {
      const [path, inputs] = name === 'pool' ? [models.pool, x(5)] : [models.rnn, { strokes: new Float32Array(96) }]
      await withModel(host, path, async (model) => {
        await expect(model.predict(inputs, { outputs: outputs as never })).rejects.toMatchObject({
          code: 'ERR_ARGUMENT',
          message: expect.stringContaining(`"${Object.keys(outputs)[0]}"`),
        })
      })
    })
  })

  describe('allocate', () => {
    it('gives arrays of zeros for inputs and outputs, that predictions use', async () => {
      await withModel(host, models.lstm, async (model) => {
        const wanted = [numbersOf(await model.predict(past(1)), 'future'), numbersOf(await model.predict(past(2)), 'future')]
        const input = model.allocate('past')
        const output = model.allocate('future')
        expect(input).toMatchObject({ type: 'float16', dims: [1, 64, 1] })
        expect(output).toMatchObject({ type: 'float16', dims: [1, 16] })
        expect([...input.data, ...output.data].every((element) => element === 0)).toBe(true)
        for (const seed of [1, 2]) {
          bytesOf(input.data).set(bytesOf(fromNumbers([...signal(seed)], 'float16')))
          const result = await model.predict({ past: input }, { outputs: { future: output } })
          expect((result.future as Tensor).data).toBe(output.data)
          expect(alike(wanted[seed - 1]!, numbersOf({ future: output }, 'future'))).toBe(true)
        }
      })
    })

    it('for multiarrays of the model only', async () => {
      await withModel(host, models.digits, async (model) => {
        for (const name of ['image', 'digit', 'imagee'])
          expect(() => model.allocate(name)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
      })
    })
  })
}
