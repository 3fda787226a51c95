import { Command } from 'commander'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/cli/duration.ts'
import { exitCodeOf } from '../../src/cli/exit-code.ts'
import { addSharedOptions, parseComputeUnits, readSharedOptions } from '../../src/cli/options.ts'
import { numberText, valueSummary } from '../../src/cli/predict/summary.ts'
import { nearest } from '../../src/model/suggest.ts'

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1.5s', 1500],
    ['0.5m', 30_000],
  ])('%s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds))

  it.each(['', '5', 's', '0s', '-1s', '1h', '1s 5ms', '1e3ms', 'Infinitys', '1,5s'])('%j is refused', (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
  })
})

describe('compute units', () => {
  it('are taken in any case, each once', () => {
    expect(parseComputeUnits('CPUONLY, cpuAndGPU,cpuonly')).toEqual(['cpuOnly', 'cpuAndGPU'])
  })

  it.each([['--units'], ['--compute-units']])('%s fills the same option', (flag) => {
    const command = addSharedOptions(new Command(), ['units', 'json'])
    command.parse([flag, 'all,cpuOnly'], { from: 'user' })
    expect(readSharedOptions(command.opts())).toEqual({ units: ['all', 'cpuOnly'] })
  })
})

it('exit statuses', () => {
  const codes = ['ERR_INPUT', 'ERR_COMPUTE_UNIT_UNAVAILABLE', 'ERR_ONNXRUNTIME_MISSING', 'ABORT_ERR', 'ERR_INTERNAL']
  expect(codes.map(exitCodeOf)).toEqual([2, 3, 3, 130, 2])
})

describe('suggestions', () => {
  it.each([
    ['imgae', 'image'],
    ['computeunits', 'computeUnits'],
    ['x', undefined],
    ['completely-different', undefined],
  ])('%s → %s', (name, expected) => expect(nearest(name, ['image', 'computeUnits', 'strokes'])).toBe(expected))

  it('find every name with one letter too many', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{4,12}$/), fc.nat(12), fc.stringMatching(/^[a-z]$/), (name, at, letter) => {
        expect(nearest(name.slice(0, at) + letter + name.slice(at), [name])).toBe(name)
      }),
    )
  })
})

describe('summaries', () => {
  it.each([
    [1, '1'],
    [0.1 + 0.2, '0.3'],
    [1 / 3, '0.33333'],
    [123456.789, '1.2346e+5'],
    [1e-9, '1.0000e-9'],
    [Number.NaN, 'NaN'],
  ])('%d is shown as %s', (value, text) => expect(numberText(value)).toBe(text))

  it('tell range and mean of long tensors, and what is not finite', () => {
    const data = new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9, Number.NaN])
    expect(valueSummary({ type: 'float32', data, dims: [2, 5] })).toBe(
      'float32 2×5  [1, 2, 3, 4, 5, 6, 7, 8, …]  min 1  max 9  mean 5  1 not finite',
    )
  })
})
