import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { lowerNeuralNetwork } from '../../../../src/backends/portable/neuralnetwork/lower.ts'
import { openModel } from '../../../../src/format/index.ts'

test.each(['convolution-same-top-left', 'convolution-3d', 'deconvolution-same'])(
  'weights of %s for other channels than come are told',
  async (name) => {
    const file = await openModel(fileURLToPath(new URL(`../../../fixtures/nn/${name}.mlmodel`, import.meta.url)))
    try {
      const array = file.spec.description!.input[0]!.type!.type
      if (array.case !== 'multiArrayType') throw new Error('no array')
      const channels = array.value.shape.length - (name.endsWith('3d') ? 4 : 3)
      const expected = array.value.shape[channels]!
      array.value.shape[channels] = expected + 5
      expect(() => lowerNeuralNetwork(file, file.spec)()).toThrow(
        `its weights are for ${expected} channels, and its input has ${expected + 5}`,
      )
    } finally {
      file.close()
    }
  },
)

test('the sizes of many parts are known while lowering', async () => {
  const file = await openModel(fileURLToPath(new URL('../../../fixtures/nn/uneven-splitting.mlmodel', import.meta.url)))
  try {
    const { type, description } = file.spec
    if (type.case !== 'neuralNetwork') throw new Error('no network')
    const array = description!.input[0]!.type!.type
    if (array.case !== 'multiArrayType') throw new Error('no array')
    array.value.shape = [2, 601]
    array.value.shapeFlexibility = { case: undefined }
    const { layer, output } = type.value.layers[0]!
    if (layer.case !== 'splitND') throw new Error('no split')
    layer.value.numSplits = 300
    output.push(...Array.from({ length: 297 }, (_, index) => `part${index}`))
    const { outputs } = lowerNeuralNetwork(file, file.spec)().graph
    expect(outputs.map(({ name, dims }) => [name, dims])).toEqual([
      ['a', [2, 3]],
      ['b', [2, 2]],
      ['c', [2, 2]],
    ])
  } finally {
    file.close()
  }
})
