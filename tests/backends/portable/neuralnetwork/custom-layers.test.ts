import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { CustomLayer } from '../../../../src/backends/backend.ts'
import { Model } from '../../../../src/model/model.ts'
import { expectSame, readFixture } from '../classic/corpus.ts'
import { cube } from './cube.ts'

const folder = new URL('../../../fixtures/nn/custom/', import.meta.url)
const path = (name: string) => fileURLToPath(new URL(`${name}.mlmodel`, folder))

it('runs a network around the custom layers that the caller implements', async () => {
  const { cases, tolerance } = readFixture('between', folder)
  const model = await Model.load(path('between'), { backend: 'portable', customLayers: { Cube: cube } })
  for (const { inputs, outputs } of cases) {
    const found = await model.predict(inputs)
    for (const [key, expected] of Object.entries(outputs)) expectSame(found[key], expected, tolerance, key)
  }
  await model.dispose()
})

it('names the classes of custom layers that nobody implements', async () => {
  await expect(Model.load(path('between'), { backend: 'portable' })).rejects.toMatchObject({
    code: 'ERR_CUSTOM_LAYER',
    message: expect.stringContaining('"Cube"'),
  })
  await expect(Model.load(path('inside'), { backend: 'portable' })).rejects.toMatchObject({
    code: 'ERR_CUSTOM_LAYER',
    message: expect.stringMatching(/"Cube", "Other"/),
  })
})

it('refuses custom layers inside branches and loops, even implemented ones', async () => {
  const loading = Model.load(path('inside'), { backend: 'portable', customLayers: { Cube: cube, Other: cube } })
  await expect(loading).rejects.toMatchObject({ code: 'ERR_OP_UNSUPPORTED', message: expect.stringContaining('inside a branch or loop') })
})

it.each([{}, { outputShapes: () => [[3]] }, null, () => []])('refuses %o as an implementation when it loads', (implementation) =>
  expect(Model.load(path('between'), { backend: 'portable', customLayers: { Cube: implementation as never } })).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: expect.stringMatching(/customLayers.*outputShapes, evaluate/),
  }),
)

it('refuses what is not what the implementation announced', async () => {
  const wrong: CustomLayer = { outputShapes: () => [[3]], evaluate: () => [{ type: 'float32', data: new Float32Array(2), dims: [2] }] }
  const failing: CustomLayer = {
    outputShapes: () => [[3]],
    evaluate: () => {
      throw new Error('no luck')
    },
  }
  for (const [implementation, message] of [
    [wrong, 'announced'],
    [failing, 'no luck'],
  ] as const) {
    const model = await Model.load(path('between'), { backend: 'portable', customLayers: { Cube: implementation } })
    const predicting = model.predict({ x: Float32Array.of(1, 2, 3) })
    await expect(predicting).rejects.toMatchObject({ code: 'ERR_PREDICT', message: expect.stringContaining(message) })
    await model.dispose()
  }
})
