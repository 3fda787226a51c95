import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openModel, writeModel } from '../../../../src/format/index.ts'
import { Model } from '../../../../src/model/model.ts'
import { temporary } from '../../../format/support.ts'

const path = fileURLToPath(new URL('../../../fixtures/nn/run-time-slices.mlmodel', import.meta.url))

test('a rank that only values tell is refused with the place', async () => {
  const file = await openModel(path)
  const { type } = file.spec
  if (type.case !== 'neuralNetwork') throw new Error('no network')
  // The masks that say which dimensions go become an input as well.
  type.value.layers.find(({ name }) => name === 'masks')!.input.push('to_end')
  const changed = temporary('changed.mlmodel')
  await writeModel(file, changed)
  file.close()
  await expect(Model.load(changed, { backend: 'portable' })).rejects.toMatchObject({
    code: 'ERR_OP_UNSUPPORTED',
    message: expect.stringMatching(/"?masks"?.*follows from values of the inputs/),
  })
})

test('a default shape that the network cannot be computed for is refused with that shape', async () => {
  const file = await openModel(fileURLToPath(new URL('../../../fixtures/nn/flexible-range.mlmodel', import.meta.url)))
  const { type } = file.spec
  if (type.case !== 'neuralNetwork') throw new Error('no network')
  // Six elements by default; eight of [2, 4] would do.
  const flat = type.value.layers.find(({ name }) => name === 'flat')!
  flat.input = ['x']
  flat.layer = { case: 'reshapeStatic', value: { $typeName: 'coreml.spec.TargetShapeLayer', targetShape: [4, -1] } }
  const changed = temporary('default.mlmodel')
  await writeModel(file, changed)
  file.close()
  await expect(Model.load(changed, { backend: 'portable' })).rejects.toMatchObject({
    code: 'ERR_MODEL_INVALID',
    message: expect.stringMatching(/its default shapes "x" \[2, 3\]: layer "flat"/),
  })
})
