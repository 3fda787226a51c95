import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Model } from '../../../../src/model/model.ts'

const path = fileURLToPath(new URL('../../../fixtures/nn/whole-sequences.mlmodel', import.meta.url))

it('names the shape that a network cannot be computed for, which may be the declared one', async () => {
  const model = await Model.load(path, { backend: 'portable' })
  const predicting = model.predict({ words: { type: 'float32', dims: [1], data: Float32Array.of(3) } })
  await expect(predicting).rejects.toMatchObject({
    code: 'ERR_INPUT',
    message: expect.stringMatching(/cannot be computed for "words" \[1\]: layer "scores" \(innerProduct\)/),
  })
  await model.dispose()
})
