import { expect, test } from 'vitest'
import { Model } from '../../../src/index.ts'
import { fixture } from '../../fixtures/read.ts'
import { readFixture as readNetwork } from './classic/corpus.ts'
import { loadFixture, readFixture } from './mil/corpus.ts'

/** Inputs with the one named `name`, an array of indices, all 99. */
function outOfBounds(inputs: object, name: string) {
  const indices = (inputs as Record<string, { data: { length: number } }>)[name]!
  return { ...inputs, [name]: { ...indices, data: new Int32Array(indices.data.length).fill(99), type: 'int32' as const } }
}

/** What Core ML's own errors begin with, which programs look for. */
const sentence = (kind: string) => expect.stringMatching(new RegExp(`^Unable to compute the prediction using ${kind}: onnxruntime: `))

test('an ML Program that onnxruntime cannot compute fails in the words of Core ML', async () => {
  const model = await loadFixture('scatter-gather')
  const predicting = model.predict(outOfBounds(readFixture('scatter-gather').cases[0]!.inputs, 'i'))
  await expect(predicting).rejects.toMatchObject({ code: 'ERR_PREDICT', message: sentence('ML Program') })
  await model.dispose()
})

test('so does a neural network', async () => {
  const folder = new URL('../../fixtures/nn/', import.meta.url)
  const model = await Model.load(fixture('nn/scatter-middle.mlmodel'), { backend: 'portable' })
  const predicting = model.predict(outOfBounds(readNetwork('scatter-middle', folder).cases[0]!.inputs, 'indices'))
  await expect(predicting).rejects.toMatchObject({ code: 'ERR_PREDICT', message: sentence('a neural network model') })
  await model.dispose()
})
