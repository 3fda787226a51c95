import { expect, test } from 'vitest'
import { compare } from '../../src/measure/compare.ts'

const model = 'models/trees/trees.mlmodel'

test.each<[object, RegExp]>([
  [{ itrations: 3 }, /no option "itrations"; did you mean "iterations"/],
  [{ backend: 'gpu' }, /"backend" must be 'apple', 'portable'/],
  [{ units: [] }, /"units" must be an array of one or more/],
  [{ units: ['gpu', 5, []] }, /"units".* got \['gpu', 5, an array of 0\]$/],
  [{ units: ['all', 'all'] }, /each once/],
  [{ runs: 0 }, /"runs" must be a positive whole number/],
  [{ runs: 1.5 }, /"runs"/],
  [{ iterations: -5 }, /"iterations"/],
  [{ durationMilliseconds: Number.NaN }, /"durationMilliseconds"/],
  [{ seed: Number.NaN }, /"seed" must be a whole number/],
  [{ threads: 0 }, /"threads"/],
  [{ settings: { bloks: 3 } }, /settings: there is no option "bloks"; did you mean "blocks"\?/],
  [
    { settings: { timeoutMilliseconds: Number.NaN }, iterations: 5 },
    /settings: option "timeoutMilliseconds" must be a number of at least 0, got NaN$/,
  ],
])('compare refuses %j before it measures', async (options, message) => {
  await expect(compare(model, options)).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringMatching(message) })
})

test.each([[undefined], [5], [''], [[null]], [{ name: 'x' }]])('compare refuses %j as a model', async (given) => {
  await expect(compare(given as never)).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringMatching(/a model must be/) })
})

test('compare rejects with an AbortError, whatever the signal’s reason is', async () => {
  await expect(compare(model, { signal: AbortSignal.abort('enough') })).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: 'enough',
  })
})

test('compare refuses a misspelt field of a model', async () => {
  await expect(compare({ path: model, expectd: 'outputs.npz' } as never)).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: expect.stringMatching(/a model: there is no option "expectd"; did you mean "expected"\?/),
  })
})
