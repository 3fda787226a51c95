import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { chips } from '../../src/chips/catalogue.ts'
import { type CompareResult, compareResult } from '../../src/measure/result.ts'
import { bytesText, countText, durationText, intervalText } from '../../src/measure/words.ts'
import { allNotes } from '../../src/report/cells.ts'
import { engineCoresText } from '../../src/report/chips.ts'
import { consoleReport } from '../../src/report/console.ts'
import { csvReport } from '../../src/report/csv.ts'
import { chipsChart } from '../../src/report/html/charts/chips.ts'
import { machineText } from '../../src/report/machine.ts'
import { markdownReport } from '../../src/report/markdown.ts'
import { macResult } from './fixture.ts'

const result = macResult()

describe('words', () => {
  test.each([
    [0.0034, '3.4 µs'],
    [0.2134, '0.213 ms'],
    [12.345, '12.3 ms'],
    [1234.5, '1.23 s'],
    [61_000, '61 s'],
  ])('%s ms is %s', (value, text) => {
    expect(durationText(value)).toBe(text)
  })
  test.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [68_864, '68.9 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [999_999_999, '1 GB'],
    [1.234e12, '1.23 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text)
  })
  test('counts, intervals', () => {
    expect([countText(12.34), countText(12_400), countText(1_234_567)]).toEqual(['12.3', '12 400', '1 230 000'])
    expect(intervalText([1.5, 1.62], durationText)).toBe('1.5 ms to 1.62 ms')
  })
})

test('cores that are presumed have a question mark', () => {
  const [sure, presumed] = [true, false].map((verified) => chips.find(({ coresVerified }) => coresVerified === verified)!)
  expect([engineCoresText(sure!), engineCoresText(presumed!)]).toEqual([
    String(sure!.neuralEngineCores),
    `${presumed!.neuralEngineCores ?? 'unknown'}?`,
  ])
  const rows = chipsChart(new Set()).table.rows.filter(([name]) => name === presumed!.name)
  expect(rows[0]).toContain(engineCoresText(presumed!))
})

describe('console', () => {
  const lines = consoleReport(result, { width: 160 }).split('\n')
  test('a row for each unit: figures, or what happened', () => {
    const row = (name: string) => lines.find((line) => new RegExp(`(^| )${name} `).test(line.slice(0, 50)) && !line.includes('verdict'))!
    expect(row('cpuAndNeuralEngine')).toMatch(/420 ms +3\.36 s +3\.75 ms .*14\.\d×.*right \(52\.9 dB\)$/)
    expect(row('all')).toMatch(/crashed: SIGKILL \(first prediction\)$/)
    expect(lines.some((line) => line.startsWith('MobileNetV2: cpuAndNeuralEngine: '))).toBe(true)
  })
  test('bars are as long as the times', () => {
    const bar = (name: string) => /[█▉▊▋▌▍▎▏]+/.exec(lines.find((line) => line.includes(` ${name} `) && /[█▉▊▋▌▍▎▏]/.test(line))!)![0]
    expect(bar('cpuOnly')).toBe('█'.repeat(12))
    expect(bar('cpuAndGPU').length).toBeGreaterThan(bar('cpuAndNeuralEngine').length)
    expect(bar('cpuAndNeuralEngine').length).toBeGreaterThan(0)
  })
  test('fits a narrow terminal by leaving columns out, and has no colour codes unless asked', () => {
    const table = (width: number) => {
      const all = consoleReport(result, { width }).split('\n')
      return all.slice(all.findIndex((line) => line.startsWith('model ')))
    }
    const plain = (width: number) => stripVTControlCharacters(consoleReport(result, { width, color: true })).split('\n')
    for (const width of [80, 100, 120]) expect(Math.max(...plain(width).map((line) => line.length))).toBeLessThanOrEqual(width)
    // Broken between words, and nothing is lost.
    const words = (text: string) => text.split(/\s+/)
    const sentence = `MobileNetV2: ${result.models[0]!.verdict}`
    const at = plain(80).findIndex((line) => line.startsWith('MobileNetV2: '))
    expect(words(plain(80).slice(at).join('\n')).slice(0, words(sentence).length)).toEqual(words(sentence))
    expect(consoleReport(result).split('\n')).toContain(sentence)
    expect(table(200)[0]).toContain('95 % interval')
    expect(table(80)[0]).not.toContain('95 % interval')
    const escapeCode = String.fromCharCode(27)
    expect(consoleReport(result)).not.toContain(escapeCode)
    expect(consoleReport(result, { color: true })).toContain(escapeCode)
  })
})

describe('the machine in one line', () => {
  const of = (edit: (machine: CompareResult['machine']) => void) => {
    const copy = structuredClone(result)
    edit(copy.machine)
    return machineText(copy)
  }
  test('chip, cores, Neural Engine, product version and build; a GPU that is a part of the chip needs no name', () => {
    expect(machineText(result)).toBe(
      'Apple M4, 10 cores (4 performance, 6 efficiency), Neural Engine with 16 cores, macOS 26.1 (25B78), apple backend, Node v22.12.0',
    )
  })
  test('other GPUs, and whatever makes the figures doubtful', () => {
    const text = of((machine) => {
      machine.gpus = { value: ['AMD Radeon Pro 5500M', 'Apple M4'] }
      machine.translated = { value: true }
      machine.lowPowerMode = { value: true }
      machine.thermalState = { value: 'serious' }
    })
    expect(text).toContain('efficiency), GPU AMD Radeon Pro 5500M, Neural Engine')
    expect(text).toMatch(/Node v22\.12\.0, translated by Rosetta, low-power mode, thermal state serious$/)
  })
  test('what is not told is left out, and results from before these fields are still read', () => {
    const none = { unavailable: 'not told' }
    const untold = of((machine) =>
      Object.assign(machine, { osVersion: none, osBuild: none, performanceCores: none, efficiencyCores: none, neuralEngineCores: none }),
    )
    expect(untold).toBe('Apple M4, 10 cores, darwin 25.1.0, apple backend, Node v22.12.0')
    const { platform, architecture, osRelease, cpu, chip, cores, memoryBytes, node, translated } = result.machine
    const old = compareResult.parse({
      ...result,
      machine: { platform, architecture, osRelease, cpu, chip, cores, memoryBytes, node, translated },
    })
    expect(machineText(old)).toBe(untold)
  })
})

test('a note about several models is told once', () => {
  const many = macResult({ names: ['a', 'b', 'c'] })
  many.models.forEach((model, i) => {
    model.notes = ['cpuOnly: outputs not checked', ...(i < 2 ? ['all: late'] : [])]
  })
  expect(allNotes(many)).toEqual(['every model, cpuOnly: outputs not checked', 'a, b, all: late'])
})

describe('Markdown', () => {
  test('every line of the table has the same number of cells; bars in names are escaped', () => {
    const copy = structuredClone(result)
    copy.models[0]!.name = 'a|b <x>'
    const table = markdownReport(copy)
      .split('\n')
      .filter((line) => line.startsWith('|'))
    expect(table).toHaveLength(6)
    const cells = table.map((line) => line.replaceAll('\\|', '').split('|').length)
    expect(new Set(cells).size).toBe(1)
    expect(table[2]).toContain('a\\|b &lt;x>')
  })
  test('where nothing was measured, each line has a cell for what happened', () => {
    const copy = structuredClone(result)
    for (const model of copy.models) model.units = model.units.filter(({ status }) => status === 'crashed')
    const table = markdownReport(copy)
      .split('\n')
      .filter((line) => line.startsWith('|'))
    expect(table.map((line) => line.split('|').length)).toEqual([5, 5, 5])
    expect(table[2]).toContain('crashed')
  })
})

describe('CSV', () => {
  const lines = csvReport(result).trimEnd().split('\n')
  const head = lines[0]!.split(',')
  const field = (line: number, name: string) => lines[line]!.split(',')[head.indexOf(name)]
  test('one line for each unit, an empty field where there is no figure', () => {
    expect(lines).toHaveLength(5)
    expect(lines.every((line) => line.split(',').length === head.length)).toBe(true)
    expect(field(1, 'units')).toBe('cpuOnly')
    expect(Number(field(1, 'cached_load_ms'))).toBe(45)
    expect(field(2, 'energy_mj')).toBe('')
    expect(field(4, 'status')).toBe('crashed')
    expect(field(4, 'median_ms')).toBe('')
  })
  test('texts with commas and quotes are quoted', () => {
    const copy = structuredClone(result)
    copy.models[0]!.name = 'say "hi", net'
    expect(csvReport(copy)).toContain(',"say ""hi"", net",')
  })
})
