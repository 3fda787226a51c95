import { describe, expect, test } from 'vitest'
import { bluntGates, checkBaseline, lostUnits, slowdownFailures } from '../../src/measure/gate/baseline.ts'
import { checkCondition, parseCondition } from '../../src/measure/gate/condition.ts'
import { checkFigurePath } from '../../src/measure/gate/figure-path.ts'
import { failuresOf } from '../../src/measure/gate/verdict.ts'
import type { CompareResult, MeasuredUnit } from '../../src/measure/result.ts'
import { macResult } from '../report/fixture.ts'

const result = macResult()
const unit = (from: CompareResult, name: string) => from.models[0]!.units.find(({ units }) => units === name) as MeasuredUnit
const cpu = unit(result, 'cpuOnly').steady.median.value

describe('conditions', () => {
  test.each([
    [`cpuOnly.steady.median > ${cpu * 0.99}ms`, true],
    [`cpuOnly.steady.median > ${cpu * 1.01}ms`, false],
    [`cpuOnly.steady.median >= ${(cpu * 990).toFixed(3)}µs`, true],
    ['cpuOnly.phases.coldLoad > 1s', false],
    ['cpuAndNeuralEngine.phases.coldLoad > 3s', true],
    ['cpuAndNeuralEngine.speedup < 2x', false],
    ['cpuAndNeuralEngine.speedup < 20×', true],
    ['cpuAndNeuralEngine.breakEven.cached <= 1000', true],
    ['cpuOnly.peakMemory > 300MB', true],
    ['cpuOnly.peakMemory > 1GB', false],
    ['cpuAndNeuralEngine.energy.total > 10mJ', false],
  ])('%s: %s', (text, fails) => {
    expect(checkCondition(result, parseCondition(text))).toHaveLength(fails ? 1 : 0)
  })

  test('a figure that is not there, or a unit that crashed, fails', () => {
    expect(checkCondition(result, parseCondition('cpuAndGPU.energy.total > 1mJ'))[0]!.reason).toMatch(
      /^not known: the energy counters read zero/,
    )
    expect(checkCondition(result, parseCondition('all.steady.median > 5ms'))[0]!.reason).toMatch(/^all crashed: /)
  })

  test('the reason gives the value in what the limit is written in', () => {
    const [failure] = checkCondition(result, parseCondition(`cpuOnly.steady.median > 1us`))
    expect(failure!.reason).toBe(`it is ${Number((cpu * 1000).toPrecision(4))} µs`)
  })

  test('a limit in a unit of another kind fails with the reason', () => {
    expect(checkCondition(result, parseCondition('cpuOnly.steady.median > 5MB'))[0]!.reason).toBe('the figure is in ms, which is no MB')
    expect(checkCondition(result, parseCondition('cpuOnly.peakMemory > 5ms'))[0]!.reason).toBe('the figure is in B, which is no ms')
  })

  test.each([
    ['all.steady.median', 'is no condition'],
    ['all.steady.median > 5 parsecs', 'is no condition'],
    ['gpu.steady.median > 5ms', 'there is no compute unit "gpu"'],
    ['> 5ms', 'is no condition'],
  ])('"%s" is refused', (text, message) => {
    expect(() => parseCondition(text)).toThrow(message)
  })

  test.each([
    'steady.median',
    'phases.coldLoad',
    'speedup',
    'breakEven.cached',
    'peakMemory',
    'energy.total',
    'batch.perSecond',
    'batch.size',
  ])('before anything is measured, %s is known to be a figure', (figure) => {
    expect(() => checkFigurePath(parseCondition(`cpuOnly.${figure} > 5`))).not.toThrow()
  })

  test.each([
    ['steady.average', 'there is no "average"'],
    ['constructor', 'there is no "constructor"'],
    ['steady', 'is no number'],
    ['backend', 'is no number'],
  ])('and %s is known to be none', (figure, message) => {
    expect(() => checkFigurePath(parseCondition(`cpuOnly.${figure} > 5ms`))).toThrow(message)
  })

  test('an unknown figure is a mistake, not a pass', () => {
    expect(() => checkCondition(result, parseCondition('cpuOnly.steady.average > 5ms'))).toThrow('there is no "average"')
    expect(() => checkCondition(result, parseCondition('cpuOnly.constructor > 5ms'))).toThrow('there is no "constructor"')
    expect(() => checkCondition(result, parseCondition('cpuOnly.steady > 5ms'))).toThrow('is no number')
  })
})

describe('baseline', () => {
  /** The result with its blocks spread over runs whose medians are multiplied by `factors`. */
  function withRuns(factors: number[], slowdown = 1): CompareResult {
    const copy = structuredClone(result)
    for (const name of ['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine']) {
      const { steady } = unit(copy, name)
      steady.blocks = factors.flatMap((factor, run) =>
        steady.blocks.map((block) => ({ ...block, run, median: block.median * factor * slowdown })),
      )
    }
    return copy
  }
  const baseline = withRuns([1, 1.01, 0.99, 1.005, 0.995])

  test('a slowdown above the limit fails and names unit and sizes; one below does not', () => {
    expect(slowdownFailures(checkBaseline(baseline, withRuns([1, 1.01, 0.99], 1.05), 0.1), 0.1)).toEqual([])
    const failures = slowdownFailures(checkBaseline(baseline, withRuns([1, 1.01, 0.99], 1.2), 0.1), 0.1)
    expect(failures).toHaveLength(3)
    expect(failures[0]).toEqual({
      model: 'MobileNetV2',
      gate: 'cpuOnly at most 10 % slower than the baseline',
      reason: expect.stringMatching(/^20 % slower, at least 1[89] %$/),
    })
  })

  test('a gate that would miss a slowdown well beyond the limit is told to be blunt, a sharp one and a failed one are not', () => {
    const blunt = bluntGates(checkBaseline(withRuns([1, 1.1, 0.9, 1.05, 0.95]), withRuns([1, 1.1, 0.9]), 0.1), 0.1)
    expect(blunt).toHaveLength(3)
    expect(blunt[0]).toMatch(/^MobileNetV2, cpuOnly: runs differ so much that only a slowdown of [34]\d % is sure to be found/)
    expect(bluntGates(checkBaseline(baseline, withRuns([1, 1.01, 0.99]), 0.1), 0.1)).toEqual([])
    expect(bluntGates(checkBaseline(withRuns([1, 1.1, 0.9, 1.05, 0.95]), withRuns([3, 3.3, 2.7]), 0.1), 0.1)).toEqual([])
  })

  test('models of one name are held against those in the same place', () => {
    const both = (second: number): CompareResult => {
      const first = withRuns([1, 1.01, 0.99, 1.005, 0.995])
      return { ...first, models: [first.models[0]!, withRuns([1, 1.01, 0.99, 1.005, 0.995], second).models[0]!] }
    }
    expect(slowdownFailures(checkBaseline(both(5), both(5), 0.1), 0.1)).toEqual([])
    expect(slowdownFailures(checkBaseline(both(0.2), both(0.5), 0.1), 0.1)).toHaveLength(3)
  })

  test('a unit of the baseline that crashed, failed or is gone fails; one that was not asked for does not', () => {
    expect(lostUnits(baseline, result)).toEqual([])
    const lost = withRuns([1, 1.01, 0.99])
    const [{ units }] = lost.models as [CompareResult['models'][0]]
    lost.models[0]!.units = [
      { status: 'crashed', units: 'cpuOnly', phase: 'first prediction', how: 'SIGKILL', output: '' },
      { status: 'unavailable', units: 'cpuAndGPU', reason: 'this machine has no GPU' },
      ...units.filter((each) => each.units === 'cpuAndNeuralEngine'),
    ]
    expect(checkBaseline(baseline, lost, 0.1)).toHaveLength(1)
    const failures = lostUnits(baseline, lost)
    expect(failures.map(({ gate }) => gate)).toEqual(['cpuOnly measured as in the baseline', 'cpuAndGPU measured as in the baseline'])
    expect(failures[0]!.reason).toMatch(/^cpuOnly crashed: /)
    lost.models[0]!.units.pop()
    expect(checkBaseline(baseline, lost, 0.1)).toEqual([])
    expect(lostUnits(baseline, lost)).toHaveLength(2)
  })

  test('too few runs, another machine and other models are refused', () => {
    expect(() => checkBaseline(withRuns([1]), withRuns([1]), 0.1)).toThrow('make the baseline with --runs 5')
    expect(() => checkBaseline(macResult({ chip: 'M1' }), withRuns([1]), 0.1)).toThrow(
      'the baseline is of another machine: Apple M1, this is Apple M4',
    )
    expect(() => checkBaseline(macResult({ names: ['Other'] }), withRuns([1]), 0.1)).toThrow('measured none of these models')
  })
})

describe('failures without a gate', () => {
  test('a crashed unit is a result; wrong outputs and a model of which nothing was measured fail', () => {
    expect(failuresOf(result)).toEqual([])
    const wrong = structuredClone(result)
    unit(wrong, 'cpuAndNeuralEngine').accuracy = {
      status: 'checked',
      passed: false,
      reference: 'given',
      samples: 1,
      outputs: [
        {
          name: 'y',
          psnr: 12,
          cosine: 0.9,
          maxError: 1,
          top1: null,
          top5: null,
          nonFinite: 0,
          passed: false,
          note: 'PSNR is 12.0 dB, below 40 dB',
        },
      ],
    }
    expect(failuresOf(wrong)).toEqual([
      { model: 'MobileNetV2', gate: 'outputs of cpuAndNeuralEngine', reason: 'WRONG: y: PSNR is 12.0 dB, below 40 dB' },
    ])
    const nothing = structuredClone(result)
    nothing.models[0]!.units = [{ status: 'failed', units: 'cpuOnly', phase: 'load', code: 'ERR_OP_UNSUPPORTED', message: 'no' }]
    expect(failuresOf(nothing)).toHaveLength(1)
  })
})
