import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Model } from '../../../../src/model/model.ts'
import { expectSame, fixtureNames, readFixture } from '../classic/corpus.ts'

const folder = new URL('../../../fixtures/nn/', import.meta.url)

describe("neural networks agree with torch and the format's formulas", () => {
  const names = fixtureNames(folder)
  it('has its corpus', () => expect(names.length).toBeGreaterThan(110))

  for (const name of names) {
    it(name, async () => {
      const { cases, tolerance } = readFixture(name, folder)
      expect(cases.length).toBeGreaterThan(0)
      const model = await Model.load(fileURLToPath(new URL(`${name}.mlmodel`, folder)), { backend: 'portable', threads: 1 })
      try {
        for (const [index, { inputs, outputs }] of cases.entries()) {
          const found = await model.predict(inputs)
          for (const [key, expected] of Object.entries(outputs)) expectSame(found[key], expected, tolerance, `case ${index}, ${key}`)
        }
      } finally {
        await model.dispose()
      }
    })
  }
})
