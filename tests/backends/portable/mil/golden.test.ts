import { describe, expect, test } from 'vitest'
import { expectNumbers, expectValue, fixtureNames, loadFixture, numbersOf, readFixture } from './corpus.ts'

describe('ML Programs against numpy, scipy and torch', () => {
  test.each(fixtureNames())('%s', async (name) => {
    const fixture = readFixture(name)
    const model = await loadFixture(name, fixture)
    try {
      const state = fixture.states && model.newState()
      for (const { inputs, outputs } of fixture.cases) {
        const actual: Record<string, unknown> = await model.predict(inputs, { state })
        expect(Object.keys(actual).sort()).toEqual(Object.keys(outputs).sort())
        for (const [output, expected] of Object.entries(outputs)) expectValue(actual[output], expected, fixture.tolerance, output)
      }
      for (const [key, expected] of Object.entries(fixture.states ?? {})) {
        expectNumbers(numbersOf(await state!.read(key)), expected, fixture.tolerance, key)
      }
    } finally {
      await model.dispose()
    }
  })
})
