import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppleBinding } from '../../src/backends/apple/binding.ts'
import { setBindingForTests } from '../../src/backends/apple/load-binding.ts'
import type { Backend } from '../../src/backends/backend.ts'
import { compareWith } from '../../src/measure/compare.ts'
import type { CompareOptions } from '../../src/measure/options.ts'
import { type CompareResult, compareResult } from '../../src/measure/result.ts'
import { consoleReport } from '../../src/report/console.ts'
import { htmlReport } from '../../src/report/html/report.ts'
import { markdownReport } from '../../src/report/markdown.ts'
import { buildStandin, buildTimeout, lacking, skipNote } from '../native/standin-build.ts'
import { measuredOf, quickSettings, unitOf } from './helpers/fake.ts'

/** compare over the real addon and apple backend, with the stand-in in Core ML's place: everything that only a Mac has, but for the truth of its figures. */

const module = new URL('helpers/standin-backend.mjs', import.meta.url).href
const model = fileURLToPath(new URL('../../models/lstm/lstm.mlpackage', import.meta.url))

describe.skipIf(lacking !== undefined)(`on the stand-in${skipNote}`, () => {
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-standin-'))
    file = path.join(folder, 'settings.json')
    process.env.COREML_STANDIN_ADDON ??= buildStandin('none')
    process.env.COREML_STANDIN_SETTINGS = file
    // The helper runs what is built; this process describes the machine.
    const { binding } = (await import(module)) as { binding: AppleBinding }
    setBindingForTests(() => binding)
  }, buildTimeout)
  afterAll(() => {
    setBindingForTests(undefined)
    rmSync(folder, { recursive: true, force: true })
  })

  const configure = (settings: Record<string, Record<string, unknown>>) => writeFileSync(file, JSON.stringify(settings))

  async function run(settings: Record<string, Record<string, unknown>>, options: CompareOptions = {}): Promise<CompareResult> {
    configure(settings)
    const { backend } = (await import(module)) as { backend: Backend }
    const result = await compareWith(backend, { name: 'apple', module }, [{ path: model }], {
      seed: 3,
      ...options,
      settings: { ...quickSettings, ...options.settings },
    })
    return compareResult.parse(JSON.parse(JSON.stringify(result)))
  }

  const speeds = {
    cpuOnly: { predictMicroseconds: 4000 },
    cpuAndGPU: { predictMicroseconds: 2000 },
    cpuAndNeuralEngine: { predictMicroseconds: 400, loadMilliseconds: 150 },
    all: { predictMicroseconds: 400 },
  }

  test('four units: compile, cold load, speed, energy, plan and evidence; outputs that are not the model’s fail', async () => {
    const result = await run({ '*': { compileMilliseconds: 60 }, ...speeds })
    const engine = measuredOf(result, 'cpuAndNeuralEngine')
    expect(engine.backend).toBe('apple')
    expect('value' in engine.phases.compile && engine.phases.compile.value).toBeGreaterThanOrEqual(60)
    expect('value' in engine.phases.coldLoad && engine.phases.coldLoad.value).toBeGreaterThanOrEqual(150)
    expect(engine.speedup).toMatchObject({ against: 'cpuOnly', verdict: 'faster' })
    expect('value' in engine.speedup && engine.speedup.value).toBeGreaterThan(4)
    expect(engine.energy).toHaveProperty('total')
    expect(engine.placement).toHaveProperty('operations')
    expect(engine.evidence.signs.map(({ strength }) => strength)).toContain('timing')
    expect(engine.steady.blocks[0]!.before).toMatchObject({ thermalState: { value: 'nominal' }, lowPowerMode: { value: false } })
    expect(result.protocol.qualityOfService).toEqual({ value: 'userInitiated' })
    // What the addon tells of the machine, not what Node tells of the one that plays it.
    expect(result.machine).toMatchObject({
      cpu: 'stand-in chip',
      osBuild: { value: 'stand-in build' },
      gpus: { value: ['stand-in GPU'] },
      neuralEngineCores: { value: 16 },
    })
    for (const report of [consoleReport(result), markdownReport(result), htmlReport([result])])
      expect(report).toMatch(/stand-in chip, \d+ cores.*, GPU stand-in GPU, Neural Engine with 16 cores, macOS 26 \(stand-in build\)/)
    // The stand-in computes a function of its inputs that is no LSTM: the check against the portable backend must say so.
    expect(engine.accuracy).toMatchObject({ status: 'checked', passed: false, reference: 'portableFloat32' })
    expect(result.models[0]!.recommendations[0]).toMatchObject({ goal: 'latency', units: null })
    expect(result.models[0]!.verdict).toContain('outputs WRONG')
    expect(result.models[0]!.verdict).toContain('its recurrent ops (lstm) run on no Neural Engine')
  }, 120_000)

  test('gated counters are unavailable, no plan is no placement, and no Neural Engine is not measured', async () => {
    const result = await run({ '*': { energyGated: true, failPlan: true, neuralEngine: false, predictMicroseconds: 500 } })
    expect(unitOf(result, 'cpuAndNeuralEngine')).toMatchObject({
      status: 'unavailable',
      reason: expect.stringContaining('no Neural Engine'),
    })
    const cpu = measuredOf(result, 'cpuOnly')
    expect(cpu.energy).toEqual({ unavailable: expect.stringContaining('read zero for everything') })
    expect(cpu.placement).toHaveProperty('unavailable')
  }, 120_000)

  test('the quality of service is what the loop’s thread had, not what was asked for', async () => {
    const settings = { predictMicroseconds: 500, energyMissing: true, refuseQualityOfService: true }
    const result = await run({ '*': settings }, { units: ['cpuOnly'] })
    expect(result.protocol.qualityOfService).toEqual({ value: 'default' })
  }, 120_000)

  test('errors of the system end one unit and keep their words', async () => {
    const units = ['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine'] as const
    const result = await run(
      {
        '*': { predictMicroseconds: 500, energyMissing: true },
        cpuAndGPU: { loadError: 1 },
        cpuAndNeuralEngine: { throwFromPredict: true },
      },
      { units },
    )
    expect(unitOf(result, 'cpuAndGPU')).toMatchObject({ status: 'failed', code: 'ERR_LOAD', phase: 'cold load' })
    expect(unitOf(result, 'cpuAndNeuralEngine')).toMatchObject({ status: 'failed', code: 'ERR_PREDICT', phase: 'first prediction' })
    expect(measuredOf(result, 'cpuOnly').energy).toHaveProperty('unavailable')
  }, 120_000)

  test.each(['cpuAndGPU', 'cpuAndNeuralEngine', 'all'] as const)(
    '%s killed in its first prediction is "crashed: SIGKILL"',
    async (killed) => {
      const units = ['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all'] as const
      const result = await run({ '*': { predictMicroseconds: 500, energyMissing: true }, [killed]: { predictSignal: 9 } }, { units })
      expect(unitOf(result, killed)).toMatchObject({ status: 'crashed', phase: 'first prediction', how: 'SIGKILL' })
      expect(result.models[0]!.verdict).toContain(`${killed} crashed: SIGKILL`)
      for (const other of units.filter((name) => name !== killed)) expect(measuredOf(result, other).steady.blocks).toHaveLength(10)
    },
    120_000,
  )

  test('a unit that aborts itself and one that hangs end alone; the last one is measured', async () => {
    const result = await run(
      {
        '*': { predictMicroseconds: 500, energyMissing: true },
        cpuAndGPU: { predictSignal: 6 },
        cpuAndNeuralEngine: { hangInPredict: true },
      },
      { units: ['cpuAndGPU', 'cpuAndNeuralEngine', 'cpuOnly'], settings: { timeoutMilliseconds: 5000 } },
    )
    expect(unitOf(result, 'cpuAndGPU')).toMatchObject({ status: 'crashed', phase: 'first prediction', how: 'SIGABRT' })
    expect(unitOf(result, 'cpuAndNeuralEngine')).toMatchObject({ status: 'timedOut', phase: 'first prediction', afterMilliseconds: 5000 })
    expect(measuredOf(result, 'cpuOnly').steady.blocks).toHaveLength(10)
  }, 120_000)

  test('a machine that warms up in mid-run marks the block', async () => {
    let blocks = 0
    const result = await run(
      { '*': { predictMicroseconds: 500, energyMissing: true } },
      {
        units: ['cpuOnly'],
        onEvent: (event) =>
          event.type === 'block' &&
          ++blocks === 5 &&
          configure({ '*': { predictMicroseconds: 500, energyMissing: true, thermalState: 1 } }),
      },
    )
    const disturbed = measuredOf(result, 'cpuOnly').steady.blocks.filter((block) => block.disturbed !== null)
    expect(disturbed.map((block) => block.disturbed)).toEqual(['thermal state changed from nominal to fair'])
  }, 120_000)

  test('outside its samples the timed loop takes at most 10 µs a prediction, for handing over inputs and outputs', async () => {
    configure({ '*': { predictMicroseconds: 50 } })
    const { backend, events } = (await import(module)) as { backend: Backend; events(): { insideNanoseconds: number; predictions: number } }
    const loaded = await backend.load(model, { computeUnits: 'cpuOnly' })
    try {
      const [feature] = loaded.description.inputs
      if (feature?.type !== 'multiArray') throw new Error('the sample has another input')
      const inputs = [{ [feature.name]: loaded.allocate(feature.name) }]
      await loaded.runTimed(inputs, { iterations: 200 })
      const overheads: number[] = []
      for (let i = 0; i < 30; i++) {
        const { nanoseconds, elapsedMilliseconds } = await loaded.runTimed(inputs, { iterations: 200 })
        const sampled = nanoseconds.reduce((sum, value) => sum + value, 0)
        overheads.push((elapsedMilliseconds * 1e6 - sampled) / nanoseconds.length)
      }
      expect(events().predictions).toBeGreaterThanOrEqual(6200)
      // The least disturbed of thirty: other work on the machine only adds.
      expect(Math.min(...overheads)).toBeLessThanOrEqual(10_000)
    } finally {
      await loaded.dispose()
    }
  }, 60_000)
})
