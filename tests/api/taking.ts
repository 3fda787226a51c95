import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fromNumbers } from '../../src/model/convert.ts'
import type { Model } from '../../src/model/model.ts'
import type { Tensor } from '../../src/model/tensor.ts'
import type { Features } from '../../src/model/values.ts'
import { outputNumbers } from '../models/sample.ts'
import { type ApiHost, alike, file, models, numbersOf, past, signal, withModel } from './host.ts'

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
const probabilities = (features: Features) => outputNumbers(features.probabilities!, digits).values

export function taking(host: ApiHost): void {
  describe('predict takes', () => {
    it('a tensor of any type, typed arrays, nested arrays and flat ones: all the same', async () => {
      const data = signal(1)
      const dims = [1, 64, 1]
      const forms: Record<string, unknown> = {
        'float16 tensor': { type: 'float16', dims, data: fromNumbers([...data], 'float16') },
        'float64 tensor': { type: 'float64', dims, data: Float64Array.from(data) },
        'tensor without the leading 1': { type: 'float32', dims: [64, 1], data },
        'half-precision bits': new Uint16Array(fromNumbers([...data], 'float16').buffer),
        Float32Array: data,
        Float64Array: Float64Array.from(data),
        'part of a larger array': Float32Array.of(9, ...data, 9).subarray(1, 65),
        'shared memory': new Float32Array(new SharedArrayBuffer(256)).map((_, i) => data[i]!),
        'nested arrays': [[...data].map((value) => [value])],
        'flat array': [...data],
      }
      await withModel(host, models.lstm, async (model) => {
        const wanted = numbersOf(await model.predict(past(1)), 'future')
        for (const [name, form] of Object.entries(forms))
          expect(alike(wanted, numbersOf(await model.predict({ past: form }), 'future')), name).toBe(true)
        expect(alike(wanted, numbersOf(await model.predict(past(2)), 'future'))).toBe(false)
      })
    })

    it('plain numbers where one element is wanted', async () => {
      const image = Float32Array.from({ length: 256 }, (_, i) => ((i % 9) - 4) / 4)
      await withModel(host, models.diffusion, async (model) => {
        const numbers = await model.predict({ image, time: 1, nextTime: 0.5, digit: 3 })
        const arrays = await model.predict({ image, time: [1], nextTime: Float32Array.of(0.5), digit: Int32Array.of(3) })
        const other = await model.predict({ image, time: 1, nextTime: 0.5, digit: 4 })
        expect(alike(numbersOf(numbers, 'denoised'), numbersOf(arrays, 'denoised'))).toBe(true)
        expect(alike(numbersOf(numbers, 'denoised'), numbersOf(other, 'denoised'))).toBe(false)
      })
    })

    it('images as a path, a file: URL, the bytes of a file and raw pixels', async () => {
      const path = file('models/digits-cnn/examples/7.png')
      const predict = async (model: Model, image: unknown) => probabilities(await model.predict({ image }))
      await withModel(host, models.digits, async (model) => {
        const wanted = await predict(model, path)
        expect(wanted).toHaveLength(10)
        for (const image of [pathToFileURL(path), readFileSync(path)]) expect(alike(wanted, await predict(model, image))).toBe(true)
        const gray = { width: 28, height: 28, format: 'gray8', data: Uint8Array.from({ length: 784 }, (_, i) => i % 251) }
        const rgba = { width: 28, height: 28, data: Uint8Array.from({ length: 4 * 784 }, (_, i) => (i % 4 === 3 ? 255 : (i >> 2) % 251)) }
        const raw = await predict(model, gray)
        expect(alike(raw, await predict(model, rgba))).toBe(true)
        expect(alike(raw, wanted)).toBe(false)
        await expect(model.predict({ image: path }, { files: false })).rejects.toMatchObject({ code: 'ERR_INPUT' })
      })
    })

    it('each shape of a flexible input', async () => {
      await withModel(host, models.rnn, async (model) => {
        for (const length of [16, 48, 96]) {
          const strokes: Tensor = { type: 'float32', dims: [1, length, 2], data: new Float32Array(2 * length).fill(0.5) }
          expect(await model.predict({ strokes })).toMatchObject({ figure: expect.any(String), probabilities: expect.any(Map) })
        }
        for (const length of [15, 97])
          await expect(
            model.predict({ strokes: { type: 'float32', dims: [1, length, 2], data: new Float32Array(2 * length) } }),
          ).rejects.toMatchObject({ code: 'ERR_INPUT', message: expect.stringContaining('"strokes"') })
      })
    })

    it('nothing for an optional input, which then has its default', async () => {
      await withModel(host, models.optional, async (model) => {
        const given = Object.fromEntries(model.inputs.filter(({ optional }) => !optional).map(({ name }) => [name, [1, 2, 3]]))
        const [output] = model.outputs
        const predict = async (more: object) => numbersOf(await model.predict({ ...given, ...more }), output!.name)
        expect(alike(await predict({}), await predict({ bias: [0.5, 0.5, 0.5] }))).toBe(true)
        expect(alike(await predict({}), await predict({ bias: [9, 9, 9] }))).toBe(false)
      })
    })

    it.each<[string, Record<string, unknown>, RegExp]>([
      ['a missing input', {}, /"past"/],
      ['an input of another name', { ...past(0), pastt: 1 }, /"pastt"/],
      ['too many elements', { past: new Float32Array(65) }, /"past": .*65/],
      ['another shape', { past: { type: 'float32', dims: [2, 32, 1], data: new Float32Array(64) } }, /"past": .*2.*32.*1/],
      ['a tensor with too few elements', { past: { type: 'float32', dims: [1, 64, 1], data: new Float32Array(63) } }, /"past": .*63/],
      ['a tensor of an unknown type', { past: { type: 'float8', dims: [1, 64, 1], data: new Float32Array(64) } }, /"past": .*float8/],
      ['text for numbers', { past: 'a path?' }, /"past"/],
      ['nothing', { past: undefined }, /"past"/],
    ])('not %s', async (_, inputs, message) => {
      await withModel(host, models.lstm, async (model) => {
        await expect(model.predict(inputs)).rejects.toMatchObject({
          name: 'CoreMLError',
          code: 'ERR_INPUT',
          message: expect.stringMatching(message),
        })
        expect((await model.predict(past(0))).future).toBeDefined()
      })
    })

    it('not misspelt options, nor a file that is not there', async () => {
      await withModel(host, models.digits, async (model) => {
        await expect(model.predict({}, { output: {} } as never)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
        await expect(model.predict({ image: file('models/no-such.png') })).rejects.toMatchObject({ code: 'ERR_FILE' })
      })
    })
  })
}
