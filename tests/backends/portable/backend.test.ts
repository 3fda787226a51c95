import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { create, toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { ArrayDataType } from '../../../src/format/index.ts'
import { Model, type Tensor } from '../../../src/index.ts'
import { ModelSchema } from '../../protobuf-schemas.ts'

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

test('functions are those that can be chosen: of a model with several, of no other', async () => {
  for (const [file, functions] of [
    ['functions.mlpackage', ['single', 'double']],
    ['classifier.mlpackage', []],
  ] as const) {
    const model = await Model.load(path(`../../fixtures/format/${file}`), { backend: 'portable' })
    expect(model.functions).toEqual(functions)
    expect(model.description.functions).toEqual(functions)
    await model.dispose()
  }
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

test('inner values are found in every stage of a pipeline', async () => {
  const vector = (name: string) => ({
    name,
    type: { type: { case: 'multiArrayType' as const, value: { shape: [2], dataType: ArrayDataType.FLOAT32 } } },
  })
  const layer = (name: string, input: string, output: string, alpha: number) => ({
    name,
    input: [input],
    output: [output],
    layer: { case: 'activation' as const, value: { nonlinearity: { case: 'linear' as const, value: { alpha, beta: 1 } } } },
  })
  const stage = (name: string, input: string, output: string) => ({
    specificationVersion: 4,
    description: { input: [vector(input)], output: [vector(output)] },
    type: {
      case: 'neuralNetwork' as const,
      value: {
        arrayInputShapeMapping: 1,
        layers: [layer(name, input, `${name} inside`, 2), layer(`${name} again`, `${name} inside`, output, 3)],
      },
    },
  })
  const pipeline = create(ModelSchema, {
    specificationVersion: 4,
    description: { input: [vector('x')], output: [vector('z')] },
    type: { case: 'pipeline', value: { models: [stage('first', 'x', 'y'), stage('second', 'y', 'z')] } },
  })
  const model = await Model.load(toBinary(ModelSchema, pipeline), { backend: 'portable' })
  const ask = async (...names: string[]) => {
    const { intermediates } = await model.predictDetailed({ x: [1, -1] }, { intermediates: names })
    return Object.fromEntries(Object.entries(intermediates!).map(([name, { data }]) => [name, Array.from(data, Number)]))
  }
  expect(await ask('first inside')).toEqual({ 'first inside': [3, -1] })
  expect(await ask('second inside', 'first inside', 'second inside')).toEqual({ 'first inside': [3, -1], 'second inside': [21, -3] })
  await expect(ask('first inside', 'third inside')).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: 'the model has no inner value "third inside"',
  })
  await model.dispose()
})

test('a model without inner values refuses their names', async () => {
  const scaler = await Model.load(path('../../fixtures/classic/scaler.mlmodel'), { backend: 'portable' })
  await expect(scaler.predict({ x: [1, 2, 3] }, { intermediates: ['hidden'] })).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  expect((await scaler.predictDetailed({ x: [1, 2, 3] }, { intermediates: 'all' })).intermediates).toEqual({})
  await scaler.dispose()
})

test('an inner value of a network inside a branch is refused as such', async () => {
  const branch = await Model.load(path('../../fixtures/nn/branch.mlmodel'), { backend: 'portable' })
  const x = branch.inputs.find(({ name }) => name === 'x') as { shape: number[] }
  const inputs = { x: { type: 'float32' as const, dims: x.shape, data: new Float32Array(x.shape.reduce((a, b) => a * b, 1)) }, flag: [1] }
  await expect(branch.predict(inputs, { intermediates: ['w'] })).rejects.toThrow('the inner value "w" is inside a branch or loop')
  await branch.dispose()
})

test('an error of one element of a batch tells which, wherever it is found', async () => {
  const string = (name: string) => ({ name, type: { type: { case: 'stringType' as const, value: {} } } })
  const vector = (name: string) => ({
    name,
    type: { type: { case: 'multiArrayType' as const, value: { shape: [2], dataType: ArrayDataType.DOUBLE } } },
  })
  const description = { input: [string('x')], output: [vector('y')] }
  const encoder = create(ModelSchema, {
    specificationVersion: 1,
    description,
    type: { case: 'oneHotEncoder', value: { categoryType: { case: 'stringCategories', value: { vector: ['a', 'b'] } } } },
  })
  const pipeline = create(ModelSchema, { specificationVersion: 1, description, type: { case: 'pipeline', value: { models: [encoder] } } })
  for (const spec of [encoder, pipeline]) {
    const model = await Model.load(toBinary(ModelSchema, spec), { backend: 'portable' })
    const words = [...Array(20).fill('a'), 'c', 'd']
    await expect(model.predictBatch(words.map((x) => ({ x })))).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/^element 20 of the batch: model.* input 'x' has the unknown category "c"/),
    })
    await model.dispose()
  }
})
