import { readFileSync } from 'node:fs'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import type { Model as Spec } from '../../../src/format/index.ts'
import { Model } from '../../../src/model/model.ts'
import { ModelSchema } from '../../protobuf-schemas.ts'

/** A fixture with something changed, loaded. */
async function load(name: string, change: (spec: Spec) => void): Promise<Model> {
  const spec = fromBinary(ModelSchema, readFileSync(new URL(`../../fixtures/${name}.mlmodel`, import.meta.url)))
  change(spec)
  return Model.load(toBinary(ModelSchema, spec as never), { backend: 'portable', threads: 1 })
}

const refused: [string, string, (spec: Spec) => void, RegExp][] = [
  ['two outputs of one name', 'nn/pool-l2-valid', ({ description: d }) => d!.output.push(d!.output[0]!), /two outputs of the name "y"/],
  ['two inputs of one name', 'nn/pool-l2-valid', ({ description: d }) => d!.input.push(d!.input[0]!), /two inputs of the name "x"/],
  ['no outputs', 'nn/pool-l2-valid', ({ description: d }) => d!.output.splice(0), /describes no outputs/],
  [
    'items without ids, one of them far away',
    'classic/recommender-numbers',
    ({ type }) => {
      if (type.case === 'itemSimilarityRecommender') type.value.itemItemSimilarities[0]!.itemId = 2n ** 31n
    },
    /similarities for item 2147483648/,
  ],
  [
    'a pipeline without models',
    'classic/identity',
    (spec) => {
      spec.type = create(ModelSchema, { type: { case: 'pipelineClassifier', value: {} } } as never).type as Spec['type']
    },
    /the pipeline has no models/,
  ],
]

test.each(refused)('%s', async (_, name, change, message) => {
  const loading = load(name, change)
  await expect(loading).rejects.toThrow(message)
  await expect(loading).rejects.toMatchObject({ code: 'ERR_MODEL_INVALID' })
})

test('an output of the name of an input that it is not', async () => {
  const model = await load('nn/pool-l2-valid', ({ description, type }) => {
    description!.output[0]!.name = 'x'
    if (type.case === 'neuralNetwork') type.value.layers[0]!.output[0] = 'x'
  })
  const original = await load('nn/pool-l2-valid', () => {})
  try {
    const [feature] = model.inputs
    if (feature?.type !== 'multiArray') throw new Error('no array')
    const data = Float32Array.from({ length: feature.shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 7)
    const x = { type: 'float32', dims: feature.shape, data } as const
    expect((await model.predict({ x })).x).toEqual((await original.predict({ x })).y)
  } finally {
    await Promise.all([model.dispose(), original.dispose()])
  }
})
