import { expect, test } from 'vitest'
import { HandleUnknown, openModel, pipelineOf, writeModel } from '../../src/format/index.ts'
import { knownCategories } from '../../src/measure/categories.ts'
import { generateInputs } from '../../src/measure/inputs.ts'
import { describeModel } from '../../src/model/describe.ts'
import { cli } from '../cli/run.ts'
import { temporary } from '../format/support.ts'

const nested = 'tests/fixtures/classic/pipeline-strings-nested.mlmodel'

test('a tabular model that refuses unknown categories is compared on ones that it knows', async () => {
  const file = await openModel(nested)
  const strict = temporary('strict.mlmodel')
  const encoders = pipelineOf(file.spec)!.models.flatMap((model) => [model, ...(pipelineOf(model)?.models ?? [])])
  for (const { type } of encoders) {
    if (type.case === 'oneHotEncoder') type.value.handleUnknown = HandleUnknown.ErrorOnUnknown
    if (type.case === 'categoricalMapping') type.value.valueOnUnknown = { case: undefined }
  }
  await writeModel(file, strict)
  file.close()
  const { stdout, status } = await cli(['compare', strict, '--backend', 'portable', '--duration', '100ms', '--json'])
  expect(JSON.parse(stdout).models[0].units[0]).toMatchObject({ units: 'cpuOnly', status: 'measured' })
  expect(status).toBe(0)
})

test('sequences are made of integers that the mapping of the model knows', async () => {
  const path = 'tests/fixtures/classic/categorical-sequence.mlmodel'
  const file = await openModel(path)
  const categories = await knownCategories(path)
  const inputs = await generateInputs(describeModel(file), 1, 8, categories)
  file.close()
  expect(categories).toEqual({ x: expect.arrayContaining([1, -2]) })
  expect(new Set(inputs.flatMap(({ x }) => x))).toEqual(new Set([1, -2]))
})

test.each(['models/trees/trees.mlmodel', 'no-such.mlmodel'])('%s has no categories', async (path) => {
  expect(await knownCategories(path)).toEqual({})
})
