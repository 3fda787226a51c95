import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Model } from '../../../../src/model/model.ts'

const cases = {
  'the declared one': {
    name: 'whole-sequences',
    input: 'words',
    dims: [1],
    message: /cannot be computed for "words" \[1\]: layer "scores" \(innerProduct\)/,
  },
  'a sequence where the network states 1': {
    name: 'legacy-batches',
    input: 'x',
    dims: [2, 1, 4, 2, 3],
    message: /cannot be computed for "x" \[2, 1, 4, 2, 3\]: layer "first" \(reshape\)/,
  },
}

for (const [what, { name, input, dims, message }] of Object.entries(cases)) {
  it(`names the shape that a network cannot be computed for: ${what}`, async () => {
    const model = await Model.load(fileURLToPath(new URL(`../../../fixtures/nn/${name}.mlmodel`, import.meta.url)), { backend: 'portable' })
    const data = new Float32Array(dims.reduce((a, b) => a * b)).fill(3)
    const predicting = model.predict({ [input]: { type: 'float32', dims, data } })
    await expect(predicting).rejects.toMatchObject({ code: 'ERR_INPUT', message: expect.stringMatching(message) })
    await model.dispose()
  })
}
