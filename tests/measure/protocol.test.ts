import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CompareEvent } from '../../src/measure/events.ts'
import { compareFake, type FakeUnit, measuredOf, unitOf } from './helpers/fake.ts'

const four = {
  cpuOnly: { milliseconds: 3 },
  cpuAndGPU: { milliseconds: 1.5 },
  cpuAndNeuralEngine: { milliseconds: 0.5 },
  all: { milliseconds: 0.5 },
}

describe('a comparison of four units', () => {
  test('measures every phase, ranks the units and says when the load has paid', async () => {
    const events: CompareEvent[] = []
    const result = await compareFake(
      { units: { ...four, cpuAndNeuralEngine: { milliseconds: 0.5, load: 120, cachedLoad: 40 } } },
      { onEvent: (event) => events.push(event) },
    )
    const cpu = measuredOf(result, 'cpuOnly')
    const engine = measuredOf(result, 'cpuAndNeuralEngine')
    expect(engine.speedup).toMatchObject({ against: 'cpuOnly', verdict: 'faster' })
    // 3 ms against 0.5 ms of sleep, and the sleep's own overhead.
    if ('value' in engine.speedup) expect(engine.speedup.value).toBeGreaterThan(3)
    expect(cpu.phases.compile).toMatchObject({ unit: 'ms', interval: null })
    expect(cpu.phases.coldLoad).toMatchObject({ value: 20 })
    expect(cpu.phases.cachedLoad).toMatchObject({ value: 5 })
    expect(engine.phases).toMatchObject({ coldLoad: { value: 120 }, cachedLoad: { value: 40 } })
    const cpuMedian = cpu.steady.median.value
    expect(cpuMedian).toBeGreaterThanOrEqual(3)
    expect(cpu.steady.median.interval![0]).toBeLessThanOrEqual(cpuMedian)
    expect(cpu.steady.p99.value).toBeGreaterThanOrEqual(cpu.steady.p90.value)
    if (engine.breakEven.status !== 'after') throw new Error(engine.breakEven.status)
    // The same by adding up: load, first prediction, then one steady prediction after the other.
    const figure = (value: typeof cpu.phases.cachedLoad) => ('value' in value ? value.value : Number.NaN)
    const total = ({ phases, steady }: typeof cpu, count: number) =>
      figure(phases.cachedLoad) + figure(phases.firstPrediction) + (count - 1) * steady.median.value
    let count = 1
    while (total(engine, count) > total(cpu, count)) count++
    expect(engine.breakEven.cached).toBe(count)
    expect(count).toBeGreaterThan(5)
    expect(engine.breakEven.cold!).toBeGreaterThan(engine.breakEven.cached)
    expect(cpu.breakEven).toEqual({ status: 'reference' })
    expect(result.protocol).toMatchObject({ seed: 1, comparisons: 6, qualityOfService: { value: 'userInitiated' } })
    expect(result.models[0]!.recommendations[0]).toMatchObject({ goal: 'latency', units: 'cpuAndNeuralEngine' })
    expect(engine.batch).toMatchObject({ size: 8, perSecond: { unit: '1/s' } })
    expect(engine.peakMemory).toMatchObject({ unit: 'B' })
    expect(events.filter(({ type }) => type === 'block')).toHaveLength(40)
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['model', 'phase', 'block', 'modelEnded']))
  })

  test('records the quality of service that the timed loops told: each that there was, or that none was told', async () => {
    const recorded = async (units: Record<string, FakeUnit>) => (await compareFake({ units })).protocol.qualityOfService
    expect(await recorded({ cpuOnly: { qualityOfService: 'utility' } })).toEqual({ value: 'utility' })
    expect(await recorded({ cpuOnly: {}, all: { qualityOfService: 'background' } })).toEqual({ value: 'userInitiated, background' })
    expect(await recorded({ cpuOnly: { qualityOfService: null } })).toEqual({ unavailable: expect.stringContaining('no timed block') })
  })

  test('takes turns in a random order that the seed fixes', async () => {
    const order = async (seed: number) => {
      const blocks: string[] = []
      await compareFake(
        { units: four },
        {
          seed,
          settings: { blocks: 6, idleMilliseconds: 0, extraMilliseconds: 1 },
          onEvent: (event) => event.type === 'block' && blocks.push(event.units),
        },
      )
      return blocks
    }
    const first = await order(3)
    expect(first).toHaveLength(24)
    for (let round = 0; round < 6; round++) expect(new Set(first.slice(4 * round, 4 * round + 4)).size).toBe(4)
    const rounds = [0, 1, 2, 3, 4, 5].map((round) => first.slice(4 * round, 4 * round + 4).join())
    expect(new Set(rounds).size).toBeGreaterThan(1)
    expect(await order(3)).toEqual(first)
  })

  test('equal units: no difference, and the simplest one is recommended', async () => {
    const result = await compareFake({ units: { cpuOnly: { milliseconds: 2 }, all: { milliseconds: 2 } } })
    expect(measuredOf(result, 'all').speedup).toMatchObject({ verdict: 'noDifference' })
    expect(measuredOf(result, 'all').breakEven.status).toBe('never')
    expect(result.models[0]!.recommendations[0]).toMatchObject({ goal: 'latency', units: 'cpuOnly' })
  })

  test('several runs are several processes of each unit', async () => {
    const result = await compareFake({ units: { cpuOnly: { milliseconds: 1 } } }, { runs: 5, settings: { blocks: 2 } })
    const { blocks, median } = measuredOf(result, 'cpuOnly').steady
    expect(blocks.map(({ run }) => run)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    expect(median.interval).not.toBeNull()
    // One cold load, then five loads of what is there already.
    expect(measuredOf(result, 'cpuOnly').phases.cachedLoad).toMatchObject({ interval: [5, 5] })
  })
})

describe('units that go wrong', () => {
  test.each([
    ['crash', 'load', { status: 'crashed', phase: 'cold load', how: 'SIGKILL' }],
    ['crash', 'predict', { status: 'crashed', phase: 'first prediction', how: 'SIGKILL', output: 'fake: killed in predict' }],
    ['crash', 'timed', { status: 'crashed', phase: 'warm-up', how: 'SIGKILL' }],
    ['exit', 'predict', { status: 'crashed', phase: 'first prediction', how: 'exit code 3' }],
    ['fail', 'predict', { status: 'failed', phase: 'first prediction', message: 'fake failure in predict' }],
  ])('%s in %s is a result, and the other units go on', async (how, phase, expected) => {
    const result = await compareFake({ units: { cpuOnly: { milliseconds: 1 }, cpuAndNeuralEngine: { milliseconds: 1, [how]: phase } } })
    expect(unitOf(result, 'cpuAndNeuralEngine')).toMatchObject(expected)
    expect(measuredOf(result, 'cpuOnly').steady.blocks).toHaveLength(10)
    expect(result.models[0]!.verdict).toMatch(/cpuAndNeuralEngine (crashed|failed): /)
  })

  test.each(['load', 'predict'])('a hang in %s ends after the time limit', async (phase) => {
    const units = { cpuOnly: { milliseconds: 1 }, all: { milliseconds: 1, hang: phase } }
    const result = await compareFake({ units }, { settings: { timeoutMilliseconds: 5000 } })
    expect(unitOf(result, 'all')).toMatchObject({ status: 'timedOut', afterMilliseconds: 5000 })
    expect(measuredOf(result, 'cpuOnly').status).toBe('measured')
  })

  test('a crashed cpuOnly leaves the others without a comparison', async () => {
    const result = await compareFake({ units: { cpuOnly: { crash: 'predict' }, cpuAndGPU: { milliseconds: 1 } } })
    expect(measuredOf(result, 'cpuAndGPU').speedup).toEqual({ unavailable: 'cpuOnly was not measured in this run' })
    expect(measuredOf(result, 'cpuAndGPU').breakEven.status).toBe('never')
  })

  test('a slow load is measured, not cut off', async () => {
    const result = await compareFake({ units: { cpuAndNeuralEngine: { milliseconds: 1, load: 900, cachedLoad: 30 } } })
    const { coldLoad, cachedLoad } = measuredOf(result, 'cpuAndNeuralEngine').phases
    expect(coldLoad).toMatchObject({ value: 900 })
    expect(cachedLoad).toMatchObject({ value: 30 })
  })

  test('a unit that slows down is called unstable', async () => {
    const result = await compareFake({ units: { cpuAndGPU: { milliseconds: 1, slower: 0.02 } } })
    const { stability } = measuredOf(result, 'cpuAndGPU').steady
    expect(stability.stable).toBe(false)
    expect(stability.reasons.join()).toMatch(/slowed down by \d+ %/)
  })
})

test('a thermal change in mid-run marks the block, and it is repeated where repeats are left', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-condition-'))
  const conditionFile = path.join(folder, 'condition.json')
  try {
    const run = (blockRepeats: number) => {
      rmSync(conditionFile, { force: true })
      let blocks = 0
      return compareFake(
        { units: { cpuOnly: { milliseconds: 1 } }, conditionFile },
        {
          settings: { blockRepeats },
          onEvent(event) {
            if (event.type === 'block' && ++blocks === 4) {
              writeFileSync(conditionFile, JSON.stringify({ thermalState: { value: 'fair' }, lowPowerMode: { value: false } }))
            }
          },
        },
      )
    }
    const thermal = (result: Awaited<ReturnType<typeof run>>) =>
      measuredOf(result, 'cpuOnly').steady.blocks.filter(({ disturbed }) =>
        disturbed?.startsWith('thermal state changed from nominal to fair'),
      )
    expect(thermal(await run(0))).toHaveLength(1)
    expect(thermal(await run(50))).toHaveLength(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a sustained run tells the last window against the best, with its duration', async () => {
  const result = await compareFake(
    { units: { cpuOnly: { milliseconds: 1 }, cpuAndGPU: { milliseconds: 1, slower: 0.2 } } },
    { sustainMilliseconds: 400, settings: { sustainWindowMilliseconds: 100, idleMilliseconds: 0 } },
  )
  const sustained = (name: string) => {
    const { sustained: run } = measuredOf(result, name)
    if (!('windows' in run)) throw new Error(run.unavailable)
    return run
  }
  expect(sustained('cpuAndGPU')).toMatchObject({
    durationMilliseconds: 400,
    windowMilliseconds: 100,
    windows: expect.arrayContaining([expect.any(Number)]),
  })
  expect(sustained('cpuAndGPU').windows).toHaveLength(4)
  // It slows down with every prediction, by so much that a busy machine does not hide it.
  expect(sustained('cpuAndGPU').lastAgainstBest.value).toBeLessThan(0.95)
  expect(sustained('cpuAndGPU').last.value).toBe(sustained('cpuAndGPU').windows[3])
})

test('a duration lasts, however many predictions a block ends after otherwise; with a count, whichever ends first', async () => {
  const samples = async (options: object) => {
    const result = await compareFake(
      { units: { cpuOnly: { milliseconds: 1 } } },
      { settings: { blocks: 3, blockIterations: 2, idleMilliseconds: 0 }, ...options },
    )
    return measuredOf(result, 'cpuOnly').steady.blocks.map((block) => block.samples.length)
  }
  expect(await samples({})).toEqual([2, 2, 2])
  for (const count of await samples({ durationMilliseconds: 300 })) expect(count).toBeGreaterThan(4)
  expect(await samples({ durationMilliseconds: 10_000, iterations: 9 })).toEqual([3, 3, 3])
})

describe('abort', () => {
  test('ends at once with the signal’s reason and leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('coreml-bridge-compare-'))
    const controller = new AbortController()
    let aborted = Number.NaN
    const running = compareFake(
      { units: four },
      {
        signal: controller.signal,
        settings: { blockMilliseconds: 500 },
        onEvent(event) {
          if (event.type !== 'block' || controller.signal.aborted) return
          aborted = performance.now()
          controller.abort()
        },
      },
    )
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    expect(performance.now() - aborted).toBeLessThan(6000)
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith('coreml-bridge-compare-') && !before.includes(name))
    expect(left).toEqual([])
  })
})
