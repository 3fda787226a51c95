import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { inspect } from '../../src/model/inspect.ts'
import { expectedValues, fixture } from './support.ts'

test('a compressed classifier', async () => {
  const path = fixture('classifier.mlpackage')
  const summary = await inspect(path)
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(path, name)))
  expect(summary).toMatchObject({
    path,
    kind: 'mlpackage',
    sizeOnDisk: files.reduce((sum, info) => sum + (info.isFile() ? info.size : 0), 0),
    specificationVersion: 7,
    requires: { macOS: '13.0', iOS: '16.0' },
    functions: [{ name: 'main', classLabels: [7, -3, 2 ** 40] }],
  })
  const { type, operations, weights } = summary.model
  expect(type).toBe('mlProgram')
  expect(operations).toMatchObject({ classify: 1, constexpr_affine_dequantize: 1, linear: 1, softmax: 1 })
  expect(operations).not.toHaveProperty('const')
  // 3 × 4 weights in int8 with 3 scales; linear has a bias of 3 zeros, which it did not state.
  expect(weights.types).toContainEqual({ type: 'int8', tensors: 1, values: 12, bytes: 12 })
  expect(weights.compression).toEqual([
    { kind: 'constexpr_affine_dequantize', tensors: 1, values: 12, bytes: 12 + 3 * 4, portableKeeps: 0 },
  ])
  expect(weights.parameters).toBe(12 + 3)
})

test.skipIf(process.platform === 'win32')('a symbolic link to a model has the size of the model', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-inspect-'))
  const link = join(folder, 'link.mlpackage')
  try {
    symlinkSync(resolve(fixture('classifier.mlpackage')), link)
    const { sizeOnDisk } = await inspect(fixture('classifier.mlpackage'))
    expect(await inspect(link)).toMatchObject({ path: link, kind: 'mlpackage', sizeOnDisk })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('weights that functions share count once', async () => {
  const { functions, model } = await inspect(fixture('functions.mlpackage'))
  expect(functions.map(({ name, operations }) => [name, operations])).toEqual([
    ['single', { linear: 1, mul: 1 }],
    ['double', { linear: 1, mul: 1 }],
  ])
  expect(model.operations).toEqual({ linear: 2, mul: 2 })
  const inFile = 16 * 8
  expect(expectedValues.functions.weight).toHaveLength(inFile)
  expect(model.weights.parameters).toBeLessThan(2 * inFile)
  expect(model.weights.parameters).toBeGreaterThanOrEqual(inFile)
})

test('quantized layers by form and width', async () => {
  const { model } = await inspect(fixture('quantized.mlmodel'))
  expect(model.operations).toEqual({ innerProduct: 17 })
  // 8 widths in two forms, 16 values each, and one of half precision.
  expect(model.weights.parameters).toBe(17 * 16)
  expect(model.weights.compression).toHaveLength(16)
  expect(model.weights.compression).toContainEqual({ kind: 'lookup table 3-bit', tensors: 1, values: 16, bytes: 6, portableKeeps: 0 })
  expect(model.weights.types).toContainEqual({ type: 'fp16', tensors: 1, values: 16, bytes: 32 })
})

test('a pipeline, model by model', async () => {
  const { model } = await inspect(fixture('pipeline.mlmodel'))
  const { trees, nodes, leaves } = expectedValues.pipeline
  expect(model.type).toBe('pipelineClassifier')
  expect(model.models?.map(({ type }) => type)).toEqual(expect.arrayContaining(['featureVectorizer', 'scaler', 'treeEnsembleClassifier']))
  expect(model.models?.at(-1)).toMatchObject({ type: 'treeEnsembleClassifier', details: { trees, nodes, leaves } })
})

test('what is updatable', async () => {
  const { model, trainingInputs } = await inspect(fixture('updatable.mlmodel'))
  expect(model.updatable).toMatchObject({
    layers: ['dense'],
    losses: [{ kind: 'categoricalCrossEntropy', name: 'loss', input: 'p' }],
    optimizer: 'sgd',
    parameters: expect.arrayContaining([
      expect.objectContaining({ name: 'learningRate', default: 0.5 }),
      expect.objectContaining({ name: 'miniBatchSize', default: 4 }),
      { name: 'epochs', default: 10, allowed: [1, 10, 20] },
    ]),
  })
  expect(trainingInputs.map(({ name }) => name)).toContain('x')
  const neighbors = (await inspect(fixture('neighbors.mlmodel'))).model
  expect(neighbors.details).toEqual({ samples: 3, dimensions: 2, neighbors: 3, index: 'singleKdTree' })
  expect(neighbors.updatable?.parameters[0]).toMatchObject({ name: 'numberOfNeighbors', default: 3 })
})

test('an updatable pipeline says which of its models is', async () => {
  const { model, trainingInputs } = await inspect(fixture('updatable-pipeline.mlmodel'))
  expect(model.models?.map(({ name, type }) => [name, type])).toEqual([
    ['scaler', 'scaler'],
    ['neighbors', 'kNearestNeighborsClassifier'],
  ])
  const [scaler, neighbors] = model.models!
  expect(scaler).not.toHaveProperty('updatable')
  expect(neighbors?.updatable).toEqual({ layers: [], losses: [], parameters: [expect.objectContaining({ name: 'numberOfNeighbors' })] })
  expect(trainingInputs.map(({ name }) => name)).toEqual(['raw', 'label'])
})

test.each([
  ...['quantized', 'neighbors', 'updatable', 'updatable-pipeline', 'pipeline'].map((name) => `${name}.mlmodel`),
  ...['storage-types', 'functions', 'state', 'classifier', 'image-sizes'].map((name) => `${name}.mlpackage`),
])('%s: plain data that JSON can hold', async (name) => {
  const summary = await inspect(fixture(name))
  expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
})

test('takes a file: URL, and refuses what is no path with a code', async () => {
  const path = resolve('models/trees/trees.mlmodel')
  expect(await inspect(pathToFileURL(path))).toEqual(await inspect(path))
  for (const wrong of [undefined, 5, '', {}, new URL('https://example.com/net.mlmodel')])
    await expect(inspect(wrong as never)).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      message: expect.stringMatching(/^inspect: the argument/),
    })
})
