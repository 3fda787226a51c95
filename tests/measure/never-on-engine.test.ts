import { expect, test } from 'vitest'
import { neverOnNeuralEngine } from '../../src/measure/never-on-engine.ts'

test.each([
  ['models/lstm/lstm.mlpackage', 'its recurrent ops (lstm) run on no Neural Engine'],
  ['models/digits-cnn/digits-cnn.mlpackage', null],
  ['models/trees/trees.mlmodel', null],
  ['package.json', null],
])('%s: %s', async (path, expected) => {
  expect(await neverOnNeuralEngine(path)).toBe(expected)
})
