import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Model } from '../../../src/index.ts'
import { type Features, type FeatureValue, isImage, isTensor, ownCopies } from '../../../src/model/values.ts'
import { expectSame, readFixture as readEncoded } from './classic/corpus.ts'
import { modelPath, readFixture } from './mil/corpus.ts'
import { cube } from './neuralnetwork/custom-layers/cube.ts'

const networks = new URL('../../fixtures/nn/', import.meta.url)
const network = (name: string, folder = networks) => ({
  path: fileURLToPath(new URL(`${name}.mlmodel`, folder)),
  fixture: readEncoded(name, folder),
})
const program = (name: string) => ({ path: modelPath(name), fixture: readFixture(name) })

/** What a caller may do with its arrays once it has a promise. */
function overwrite(inputs: Features): void {
  const arrays = Object.values(inputs).filter(
    (value): value is Extract<FeatureValue, { data: unknown }> => isTensor(value) || isImage(value),
  )
  expect(arrays.length).toBeGreaterThan(0)
  for (const { data } of arrays) new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(77)
}

// A fixed shape, several shapes in one session, a session for each shape, images, ranks that follow the input, parts around a custom layer.
const kinds = {
  'ML Program': program('reflection'),
  'ML Program of flexible shape': program('flexible'),
  'ML Program with an image': program('image-rgb'),
  'neural network': network('legacy-network'),
  'neural network of flexible shape': network('flexible-range'),
  'neural network with a custom layer': network('between', new URL('custom/', networks)),
}

describe.each(Object.entries(kinds))("the caller's arrays may be changed at once: %s", (_, { path, fixture }) => {
  let model: Model
  const { inputs, outputs } = fixture.cases[0]!
  const expectOutputs = (found: Features) => {
    for (const [name, expected] of Object.entries(outputs)) expectSame(found[name], expected, fixture.tolerance, name)
  }
  beforeAll(async () => {
    model = await Model.load(path, { backend: 'portable', customLayers: { Cube: cube } })
  })
  afterAll(() => model.dispose())

  it('in predict', async () => {
    const given = ownCopies(inputs)
    const predicting = model.predict(given)
    overwrite(given)
    expectOutputs(await predicting)
  })

  it('in predictBatch', async () => {
    const batch = [ownCopies(inputs), ownCopies(inputs)]
    const predicting = model.predictBatch(batch)
    batch.forEach(overwrite)
    for (const found of await predicting) expectOutputs(found)
  })

  it('in runTimed', async () => {
    const given = ownCopies(inputs)
    const running = model.runTimed(given, { iterations: 3 })
    overwrite(given)
    expectOutputs((await running).outputs)
  })
})

it("the caller's arrays may be changed at once when inner values are asked for", async () => {
  const { path, fixture } = kinds['ML Program']
  const model = await Model.load(path, { backend: 'portable' })
  const given = ownCopies(fixture.cases[0]!.inputs)
  const predicting = model.predict(given, { intermediates: 'all' })
  overwrite(given)
  const found = await predicting
  for (const [name, expected] of Object.entries(fixture.cases[0]!.outputs)) expectSame(found[name], expected, fixture.tolerance, name)
  await model.dispose()
})

it("the caller's arrays may be changed at once: pixels in a Node Buffer, whose own slice is a view", async () => {
  const { path, fixture } = kinds['ML Program with an image']
  const model = await Model.load(path, { backend: 'portable' })
  const given = ownCopies(fixture.cases[0]!.inputs)
  for (const [name, value] of Object.entries(given))
    if (isImage(value)) given[name] = { ...value, data: Buffer.from(value.data as Uint8Array) }
  // Copied before the model is lowered for inner values.
  const predicting = model.predict(given, { intermediates: 'all' })
  overwrite(given)
  const found = await predicting
  for (const [name, expected] of Object.entries(fixture.cases[0]!.outputs)) expectSame(found[name], expected, fixture.tolerance, name)
  await model.dispose()
})
