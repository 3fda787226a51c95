import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type LongIntValues,
  ModelSchema,
  type Model as ModelSpec,
  type NeuralNetwork,
  openModel,
  walk,
  writeModel,
} from '../../../src/format/index.ts'
import { Model } from '../../../src/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-labels-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a fixture predicts once its file was changed. */
async function predict(fixture: string, inputs: Record<string, unknown>, change: (spec: ModelSpec) => void) {
  const file = await openModel(fileURLToPath(new URL(`../../fixtures/${fixture}`, import.meta.url)))
  change(file.spec)
  const path = join(folder, fixture.split('/').at(-1)!)
  await writeModel(file, path)
  await file.close()
  const model = await Model.load(path, { backend: 'portable' })
  try {
    return { labels: model.classLabels, outputs: await model.predict(inputs) }
  } finally {
    await model.dispose()
  }
}

describe('labels of classifiers', () => {
  it('are exact beyond 2^53 in ML Programs', async () => {
    const wide = [2n ** 60n + 1n, -2n, 2n ** 60n + 3n]
    const { labels, outputs } = await predict('mil/classifier-integers.mlpackage', { x: [[5, 0, 0, 0]] }, (spec) =>
      walk(ModelSchema, spec, (message) => {
        if (message.$typeName === 'coreml.spec.LongIntValues') {
          const { values } = message as LongIntValues
          for (const [index, value] of [7n, -2n, 40n].entries()) if (values[0] === value) values[0] = wide[index]!
        }
        return undefined
      }),
    )
    expect(labels).toEqual([wide[0], -2, wide[2]])
    expect([...(outputs.classLabel_probs as Map<unknown, number>).keys()]).toEqual([wide[0], -2, wide[2]])
    expect(labels).toContain(outputs.classLabel)
  })

  it('that stand for several classes have the probability of the likeliest', async () => {
    const { outputs } = await predict('nn/classifier-strings.mlmodel', { x: [0.1, 2, -1] }, (spec) => {
      ;(spec.type.value as NeuralNetwork).classLabels = {
        case: 'stringClassLabels',
        value: { $typeName: 'coreml.spec.StringVector', vector: ['cat', 'crane', 'crane'] },
      }
    })
    const sum = Math.exp(0.1) + Math.exp(2) + Math.exp(-1)
    expect(outputs.label).toBe('crane')
    const probabilities = outputs.probabilities as Map<string, number>
    expect([...probabilities.keys()]).toEqual(['cat', 'crane'])
    expect(probabilities.get('crane')).toBeCloseTo(Math.exp(2) / sum, 6)
  })
})
