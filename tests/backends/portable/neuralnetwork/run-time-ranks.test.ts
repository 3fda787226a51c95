import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openModel, writeModel } from '../../../../src/format/index.ts'
import { Model } from '../../../../src/model/model.ts'

const path = fileURLToPath(new URL('../../../fixtures/nn/run-time-slices.mlmodel', import.meta.url))

test('a rank that only values tell is refused with the place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = await openModel(path)
  const { type } = file.spec
  if (type.case !== 'neuralNetwork') throw new Error('no network')
  // The masks that say which dimensions go become an input as well.
  type.value.layers.find(({ name }) => name === 'masks')!.input.push('to_end')
  const changed = join(folder, 'changed.mlmodel')
  await writeModel(file, changed)
  file.close()
  await expect(Model.load(changed, { backend: 'portable' })).rejects.toMatchObject({
    code: 'ERR_OP_UNSUPPORTED',
    message: expect.stringMatching(/"?masks"?.*follows from values of the inputs/),
  })
})
