import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Model, type Tensor } from '../../../src/index.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test('a loaded model does not keep its operations in memory', () => {
  const model = path('../../../models/decoder/decoder.mlpackage')
  const grown = Number(execFileSync(process.execPath, ['--expose-gc', path('loaded-models.mjs'), model, '8'], { encoding: 'utf8' }))
  expect(grown).toBeGreaterThan(0)
  // Its 332 operations, constants among them, take 1 MB.
  expect(grown).toBeLessThan(300e3)
})

test('results are put into the arrays that the caller gives for them', async () => {
  const scaler = await Model.load(path('../../fixtures/classic/scaler.mlmodel'), { backend: 'portable' })
  const plain = await scaler.predict({ x: [1, 2, 3] })
  const out = new Float64Array(3)
  const { out: given } = await scaler.predict({ x: [1, 2, 3] }, { outputs: { out } })
  expect(given).toEqual(plain.out)
  expect((given as Tensor).data).toBe(out)
  await scaler.dispose()

  const program = await Model.load(path('../../fixtures/format/functions.mlpackage'), { backend: 'portable' })
  const x = { type: 'float32' as const, data: Float32Array.from({ length: 16 }, (_, i) => i), dims: [2, 8] }
  const [name] = program.outputs.map((output) => output.name)
  const { type, data } = (await program.predict({ x }))[name!] as Tensor
  const own = program.allocate(name!)
  expect(own.type).toBe(type)
  expect(((await program.predict({ x }, { outputs: { [name!]: own } }))[name!] as Tensor).data).toBe(own.data)
  expect(own.data).toEqual(data)
  await program.dispose()
})

test('of a result of flexible shape they may be longer, but not shorter', async () => {
  const model = await Model.load(path('../../fixtures/classic/nms-all.mlmodel'), { backend: 'portable' })
  const inputs = {
    raw_confidence: [[0.5], [0.9]],
    raw_coordinates: [
      [1, 2, 1, 1],
      [5, 6, 1, 1],
    ],
  }
  const coordinates = new Float64Array(10).fill(-1)
  const kept = (await model.predict(inputs, { outputs: { coordinates } })).coordinates as Tensor
  expect(kept).toEqual({ type: 'float64', data: Float64Array.of(5, 6, 1, 1, 1, 2, 1, 1), dims: [2, 4] })
  expect(Array.from(coordinates)).toEqual([...kept.data, -1, -1])
  await expect(model.predict(inputs, { outputs: { coordinates: new Float64Array(7) } })).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: 'outputs: "coordinates" came with 8 elements (2 × 4), the array given for it has 7',
  })
  await model.dispose()
})
