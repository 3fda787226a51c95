import { describe, expect, it } from 'vitest'
import { Model } from '../../../../src/index.ts'
import { expectSame, fixtureNames, makeEvaluator, modelUrl, readFixture, readModel } from './corpus.ts'

describe('classic models agree with the libraries that made them', () => {
  const names = fixtureNames()
  it('has its corpus', () => expect(names.length).toBeGreaterThan(60))

  for (const name of names) {
    it(name, async () => {
      const { cases, tolerance } = readFixture(name)
      expect(cases.length).toBeGreaterThan(0)
      const evaluator = await makeEvaluator(readModel(name))
      const batch = await evaluator.runBatch?.(
        cases.map(({ inputs }) => inputs),
        {},
      )
      for (const [index, { inputs, outputs }] of cases.entries()) {
        const found = await evaluator.run(inputs, {})
        for (const [key, expected] of Object.entries(outputs)) expectSame(found[key], expected, tolerance, `case ${index}, ${key}`)
        expect(batch?.[index]).toEqual(found)
      }
      await evaluator.dispose()
    })
  }
})

describe('the same through the public interface', () => {
  for (const name of fixtureNames()) {
    it(name, async () => {
      const { cases, tolerance } = readFixture(name)
      const model = await Model.load(modelUrl(name), { backend: 'portable' })
      const all = await model.predictBatch(cases.map(({ inputs }) => inputs))
      for (const [index, { inputs, outputs }] of cases.entries()) {
        const found = await model.predict(inputs)
        expect(Object.keys(found).toSorted()).toEqual(model.outputs.map((output) => output.name).toSorted())
        for (const [key, expected] of Object.entries(outputs)) expectSame(found[key], expected, tolerance, `case ${index}, ${key}`)
        expect(all[index]).toEqual(found)
      }
      await model.dispose()
    })
  }
})
