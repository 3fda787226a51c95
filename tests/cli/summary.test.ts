import { expect, test } from 'vitest'
import { probabilityText, valueSummary } from '../../src/cli/predict/summary.ts'

test('one and several items and entries', () => {
  expect(valueSummary(['a'])).toBe('1 item  [a]')
  expect(valueSummary(['a', 'b'])).toBe('2 items  [a, b]')
  expect(valueSummary(new Map([['a', 0.5]]))).toBe('1 entry  {a: 0.5}')
})

test('a probability in percent, and one that is no number', () => {
  expect([0.5, 1, Number.NaN].map(probabilityText)).toEqual([' 50.00 %', '100.00 %', '   NaN'])
})
