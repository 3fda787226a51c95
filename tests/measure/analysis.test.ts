import { describe, expect, test } from 'vitest'
import type { MeasuredUnit } from '../../src/measure/result.ts'
import { macResult } from '../report/fixture.ts'

const result = macResult()
const [model] = result.models
const unit = (name: string) => model!.units.find(({ units }) => units === name) as MeasuredUnit

describe('energy', () => {
  test('is what the machine takes beyond its idle power, by rail and in total', () => {
    const { energy } = unit('cpuAndNeuralEngine')
    if (!('total' in energy)) throw new Error(energy.unavailable)
    // 667 predictions a second; watts over five windows rise by 0, 1, … 4 %, so by 2 % on average; less the idle watts.
    const expected = {
      cpu: (1.1 * 1.02 - 0.4) / 0.667,
      neuralEngine: (3.2 * 1.02) / 0.667,
      memory: (0.9 * 1.02 - 0.3) / 0.667,
      gpu: (0.1 * 1.02 - 0.1) / 0.667,
    }
    for (const [rail, value] of Object.entries(expected)) expect(energy.rails[rail]!.value).toBeCloseTo(value, 6)
    expect(energy.total.value).toBeCloseTo(expected.cpu + expected.neuralEngine + expected.memory + expected.gpu, 6)
    expect(energy.total.interval![0]).toBeLessThan(energy.total.value)
    expect(energy.idle.value).toBeCloseTo(0.8, 9)
  })
  test('counters that read zero are unavailable, never 0', () => {
    expect(unit('cpuAndGPU').energy).toEqual({ unavailable: expect.stringContaining('read zero for everything') })
  })
})

describe('evidence', () => {
  test('is listed from plan to energy; only counters show that the Neural Engine ran', () => {
    const { evidence } = unit('cpuAndNeuralEngine')
    expect(evidence.strength).toBe('energy')
    expect(evidence.signs.map(({ strength }) => strength)).toEqual(['plan', 'timing', 'activity', 'energy'])
    expect(evidence.signs[0]!.shows).toContain('75 % of the ops')
    expect(unit('cpuOnly').evidence).toEqual({ strength: 'none', signs: [] })
    expect(model!.verdict).toContain('cpuAndNeuralEngine ran on the Neural Engine')
  })
})

describe('placement', () => {
  test('counts ops and costs apart; an op without a cost stays in the count', () => {
    const { placement } = unit('cpuAndNeuralEngine')
    if (!('operations' in placement)) throw new Error(placement.unavailable)
    expect(placement.operations).toEqual({ cpu: 3 / 12, gpu: 0, neuralEngine: 9 / 12, unknown: 0 })
    if ('unavailable' in placement.cost) throw new Error(placement.cost.unavailable)
    expect(placement.cost.neuralEngine).toBeCloseTo(9 / 11, 12)
    expect(placement.perOperation[11]!.cost).toBeNull()
  })
})

describe('recommendations', () => {
  test('one for each goal, with the reason', () => {
    expect(model!.recommendations).toEqual([
      { goal: 'latency', units: 'cpuAndNeuralEngine', reason: expect.stringMatching(/a prediction: 4(\.\d+)?× the speed of cpuAndGPU/) },
      { goal: 'energy', units: 'cpuAndNeuralEngine', reason: expect.stringContaining('mJ a prediction against') },
      { goal: 'startUp', units: 'cpuOnly', reason: expect.stringContaining('load and first prediction take') },
    ])
  })
})

describe('sustained run', () => {
  test('last window against the best, with its duration', () => {
    const { sustained } = unit('cpuOnly')
    if (!('windows' in sustained)) throw new Error(sustained.unavailable)
    expect(sustained.lastAgainstBest.value).toBeCloseTo(0.96, 12)
    expect(sustained).toMatchObject({ durationMilliseconds: 40_000, windowMilliseconds: 10_000 })
  })
})
