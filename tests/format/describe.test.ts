import { create, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { ColorSpace, openModel } from '../../src/format/index.ts'
import { describeModel } from '../../src/model/describe.ts'
import type { ModelDescription } from '../../src/model/description.ts'
import { ModelSchema } from '../protobuf-schemas.ts'
import { fixture } from './support.ts'

async function describeFixture(name: string, functionName?: string): Promise<ModelDescription> {
  const file = await openModel(fixture(name))
  try {
    return describeModel(file, functionName)
  } finally {
    file.close()
  }
}

test('an image of several sizes', async () => {
  const { inputs } = await describeFixture('image-sizes.mlpackage')
  expect(inputs).toEqual([
    {
      name: 'image',
      description: '',
      optional: false,
      type: 'image',
      width: 16,
      height: 16,
      colorSpace: 'bgr',
      flexibility: {
        kind: 'enumerated',
        sizes: [
          { width: 16, height: 16 },
          { width: 24, height: 32 },
        ],
      },
    },
  ])
})

test('an optional multiarray of a range of shapes with a default value', async () => {
  const { inputs, outputs } = await describeFixture('quantized.mlmodel')
  expect(inputs[0]).toMatchObject({
    name: 'x',
    type: 'multiArray',
    dataType: 'float64',
    optional: true,
    defaultValue: 0.25,
    flexibility: { kind: 'range', ranges: [{ min: 1, max: null }] },
  })
  expect(outputs[0]).toMatchObject({ name: 'y', flexibility: { kind: 'fixed' } })
})

test('a state of half precision', async () => {
  const { states, inputs } = await describeFixture('state.mlpackage')
  expect(inputs.map(({ name }) => name)).toEqual(['x'])
  expect(states).toEqual([{ name: 'total', description: '', optional: false, type: 'state', dataType: 'float16', shape: [1, 4] }])
})

test('functions, the default one and by name', async () => {
  for (const name of [undefined, 'single', 'double']) {
    const { inputs, functions } = await describeFixture('functions.mlpackage', name)
    expect(inputs).toMatchObject([{ name: 'x', shape: [2, 8], dataType: 'float32' }])
    expect(functions).toEqual(['single', 'double'])
  }
  await expect(describeFixture('functions.mlpackage', 'triple')).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: 'the model has no function "triple"; it has "single", "double"',
  })
  await expect(describeFixture('state.mlpackage', 'toString')).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  // One that is not one of several has a name, too, but there is nothing to choose.
  expect(await describeFixture('state.mlpackage', 'main')).toMatchObject({ inputs: [{ name: 'x' }], functions: [] })
})

test.each([
  ['an ML Program', 'classifier.mlpackage', [7, -3, 2 ** 40]],
  ['a network', 'updatable.mlmodel', [0, 1]],
  ['a pipeline with trees', 'pipeline.mlmodel', ['no', 'yes']],
  ['nearest neighbours: each label once', 'neighbors.mlmodel', ['b', 'a']],
])('labels of %s', async (_, name, labels) => {
  const { classLabels, predictedFeatureName, outputs } = await describeFixture(name as string)
  expect(classLabels).toEqual(labels)
  expect(outputs.map(({ name }) => name)).toContain(predictedFeatureName)
})

test('features of every type, damaged ones by name', async () => {
  const { inputs, outputs, states } = await describeFixture('state.mlpackage')
  expect([...inputs, ...outputs, ...states].map(({ type }) => type)).toEqual(['multiArray', 'multiArray', 'state'])
  const file = await openModel(fixture('state.mlpackage'))
  const [feature] = file.spec.description?.input ?? []
  if (feature?.type?.type.case !== 'multiArrayType') throw new Error('no multiarray')
  feature.type.type.value.dataType = 12345
  expect(() => describeModel(file)).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID', message: expect.stringContaining('"x"') }))
  feature.type.type = { case: undefined }
  expect(() => describeModel(file)).toThrow('has no type')
  file.close()
})

test('an array of no stated type, as in the first classic models, holds doubles', async () => {
  const input = { name: 'x', type: { type: { case: 'multiArrayType' as const, value: { shape: [4] } } } }
  const spec = create(ModelSchema, { specificationVersion: 1, description: { input: [input] }, type: { case: 'identity', value: {} } })
  const file = await openModel({ specification: toBinary(ModelSchema, spec) })
  expect(describeModel(file).inputs).toMatchObject([{ name: 'x', type: 'multiArray', dataType: 'float64', shape: [4] }])
  file.close()
})

test.each([
  [
    'the first of several',
    {
      case: 'enumeratedSizes' as const,
      value: {
        sizes: [
          { width: 5, height: 4 },
          { width: 7, height: 6 },
        ],
      },
    },
    { width: 5, height: 4 },
  ],
  [
    'the lower bounds',
    { case: 'imageSizeRange' as const, value: { widthRange: { lowerBound: 3, upperBound: -1n }, heightRange: { upperBound: 9n } } },
    { width: 3, height: 1 },
  ],
])('an image of no stated size has %s', async (_, sizeFlexibility, size) => {
  const image = { case: 'imageType' as const, value: { colorSpace: ColorSpace.RGB, sizeFlexibility } }
  const description = { input: [{ name: 'x', type: { type: image } }] }
  const spec = create(ModelSchema, { specificationVersion: 3, description, type: { case: 'identity', value: {} } })
  const file = await openModel({ specification: toBinary(ModelSchema, spec) })
  expect(describeModel(file).inputs).toMatchObject([size])
  file.close()
})
