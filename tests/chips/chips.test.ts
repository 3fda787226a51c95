import { describe, expect, test } from 'vitest'
import { chips } from '../../src/chips/catalogue.ts'
import { identifyChip } from '../../src/chips/identify.ts'
import { chipsReport, identityText, neuralEngineText } from '../../src/report/chips.ts'

describe('catalogue', () => {
  test('names every chip once, in the order of its family', () => {
    const names = chips.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of ['A11', 'A12', 'A15', 'A17 Pro', 'A19 Pro', 'M1', 'M2 Ultra', 'M4 Max', 'M5']) expect(names).toContain(name)
  })
  test('says what Apple quoted, and only that', () => {
    const chip = (name: string) => chips.find((candidate) => candidate.name === name)!
    expect(chip('A15')).toMatchObject({ neuralEngineCores: 16, tops: 15.8, topsPrecision: 'fp16' })
    expect(chip('M4')).toMatchObject({ tops: 38, topsPrecision: 'int8' })
    expect(chip('M5')).toMatchObject({ tops: null, topsPrecision: null })
    expect(chips.filter(({ coreML }) => !coreML).map(({ name }) => name)).toEqual(['A11'])
    // Two dies have twice the engine of one.
    for (const family of ['M1', 'M2', 'M3']) expect(chip(`${family} Ultra`).tops).toBeCloseTo(2 * chip(`${family} Max`).tops!, 9)
    for (const { tops, topsPrecision } of chips) expect(tops === null).toBe(topsPrecision === null)
  })
})

describe('identification', () => {
  test.each([
    ['Apple M4 Pro', 'M4 Pro'],
    ['Apple A18 Pro', 'A18 Pro'],
    ['Apple M1', 'M1'],
    ['Apple A12X', 'A12X'],
  ])('%s', (brand, name) => {
    expect(identifyChip(brand)).toMatchObject({ kind: 'apple', name, chip: { name } })
  })
  test('an unknown chip stays unknown', () => {
    expect(identifyChip('Apple M9 Ultra')).toEqual({ kind: 'apple', name: 'M9 Ultra', chip: null })
    expect(identityText(identifyChip('Apple M9 Ultra'))).toContain('nothing is known about its Neural Engine')
  })
  test.each(['Apple M1 (Virtual)', 'Apple processor', 'VirtualApple @ 2.50GHz'])('%s hides the chip', (brand) => {
    expect(identifyChip(brand).kind).toBe('virtual')
  })
  test.each(['AMD EPYC', 'Intel(R) Core(TM) i7', '', 'Apple'])('"%s" is no Apple chip', (brand) => {
    expect(identifyChip(brand).kind).toBe('other')
  })
})

test.each([
  ['Apple M2 Pro', '16 cores, 15.8 fp16 TOPS as Apple quotes them'],
  ['Apple M5', '16 cores, not quoted'],
  ['Apple M9', 'unknown: the chip is not in the catalogue'],
  ['AMD EPYC', 'none: this is no Apple chip'],
  ['Apple M1 (Virtual)', 'unknown: the chip is hidden from virtual and translated processes'],
])('the engine of %s: %s', (brand, text) => {
  expect(neuralEngineText(identifyChip(brand))).toBe(text)
})

test('the table marks this machine’s row', () => {
  const lines = chipsReport(chips, identifyChip('Apple M2 Pro')).split('\n')
  expect(lines.filter((line) => line.startsWith('→'))).toEqual([expect.stringMatching(/^→ {2}M2 Pro +2023 +16 +15\.8 fp16/)])
  expect(lines.some((line) => /A11.* no /.test(line))).toBe(true)
})
