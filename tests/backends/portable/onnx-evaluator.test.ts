import { expect, test } from 'vitest'
import { OnnxEvaluator } from '../../../src/backends/portable/onnx-evaluator.ts'
import { Model } from '../../../src/index.ts'
import type { ModelDescription } from '../../../src/model/description.ts'
import type { Tensor } from '../../../src/model/tensor.ts'
import { fixture } from '../../fixtures/read.ts'
import { numbers } from '../../models/sample.ts'
import { readFixture as readNetwork } from './classic/corpus.ts'
import { loadFixture, readFixture } from './mil/corpus.ts'
import { builder } from './onnx/run-graph.ts'

/** Inputs with the one named `name`, an array of indices, all 99. */
function outOfBounds(inputs: object, name: string) {
  const indices = (inputs as Record<string, { data: { length: number } }>)[name]!
  return { ...inputs, [name]: { ...indices, data: new Int32Array(indices.data.length).fill(99), type: 'int32' as const } }
}

/** What Core ML's own errors begin with, which programs look for. */
const sentence = (kind: string) => expect.stringMatching(new RegExp(`^Unable to compute the prediction using ${kind}: onnxruntime: `))

test('an ML Program that onnxruntime cannot compute fails in the words of Core ML', async () => {
  const model = await loadFixture('scatter-gather')
  const predicting = model.predict(outOfBounds(readFixture('scatter-gather').cases[0]!.inputs, 'i'))
  await expect(predicting).rejects.toMatchObject({ code: 'ERR_PREDICT', message: sentence('ML Program') })
  await model.dispose()
})

test('so does a neural network', async () => {
  const folder = new URL('../../fixtures/nn/', import.meta.url)
  const model = await Model.load(fixture('nn/scatter-middle.mlmodel'), { backend: 'portable' })
  const predicting = model.predict(outOfBounds(readNetwork('scatter-middle', folder).cases[0]!.inputs, 'indices'))
  await expect(predicting).rejects.toMatchObject({ code: 'ERR_PREDICT', message: sentence('a neural network model') })
  await model.dispose()
})

test('slices of an input are right in every run, each with memory of its own or of the run before', async () => {
  const shape = [3, 128, 128]
  const count = 128 * 128
  const array = { description: '', optional: false, type: 'multiArray', dataType: 'float32', flexibility: { kind: 'fixed' } }
  const description = {
    inputs: [{ ...array, name: 'x', shape }],
    outputs: [{ ...array, name: 'y', shape: shape.slice(1) }],
    states: [],
  } as unknown as ModelDescription
  const lower = () => {
    const b = builder()
    const x = b.input('x', 'float32', shape)
    const layer = (index: number) => b.squeeze(b.slice(x, [0], [index], [index + 1]), [0])
    b.output(b.op('Sub', [layer(2), layer(1)]), 'y')
    return { graph: b.finish('test'), kind: 'ML Program' as const, states: [] }
  }
  const evaluator = await OnnxEvaluator.load(description, lower, { computeUnits: 'cpuOnly' })
  const input = (scale: number): Tensor => ({
    type: 'float32',
    dims: shape,
    data: Float32Array.from({ length: 3 * count }, (_, i) => scale * i),
  })
  const expected = (scale: number) => Array<number>(count).fill(scale * count)
  for (const scale of [1, 2]) {
    const { y } = await evaluator.run({ x: input(scale) }, {})
    expect(numbers(y as Tensor)).toEqual(expected(scale))
  }
  const both = await Promise.all([3, 4].map((scale) => evaluator.run({ x: input(scale) }, {})))
  expect(both.map(({ y }) => numbers(y as Tensor))).toEqual([expected(3), expected(4)])
  const { outputs } = await evaluator.runTimed([{ x: input(1) }], { iterations: 2 })
  expect(numbers(outputs.y as Tensor)).toEqual(expected(1))
  await evaluator.dispose()
})
