// Devices, plans, energy, as the stand-in plays them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, it } from 'vitest'
import { appleBackend } from '../../../src/backends/apple/backend.ts'
import { findComputeUnits } from '../../../src/backends/apple/devices.ts'
import { readPowerCounters } from '../../../src/backends/apple/energy.ts'
import { machineFacts } from '../../../src/backends/apple/machine-facts.ts'
import type { PlannedOperation } from '../../../src/backends/backend.ts'
import { devices } from '../../../src/devices.ts'
import { inspect } from '../../../src/lazy.ts'
import { describeMachine } from '../../../src/measure/machine.ts'
import type { MeasurableBackend } from '../../../src/measure/protocol/measurable-backend.ts'
import { Model } from '../../../src/model/model.ts'
import { ModelSchema } from '../../protobuf-schemas.ts'
import { addon, standin, useStandin } from './addon.ts'
import { array, folder, modelFile, scalar } from './models.ts'

useStandin()

describe('devices', () => {
  it('chip, system, cores, names that show the stand-in', () => {
    const machine = addon.machine()
    expect(machine).toMatchObject({
      chip: 'stand-in chip',
      model: 'stand-in1,1',
      osVersion: '26',
      osBuild: 'stand-in build',
      translated: false,
      thermalState: 'nominal',
    })
    expect(machine).toMatchObject({
      performanceCores: 4,
      efficiencyCores: 6,
      memoryBytes: 16 * 2 ** 30,
      lowPowerMode: false,
      devicesFrom: 'coreml',
    })
    expect(machine.devices).toEqual([{ kind: 'cpu' }, { kind: 'gpu', name: 'stand-in GPU' }, { kind: 'neuralEngine', cores: 16 }])
  })

  it('reach devices() and the machine of results', async () => {
    const { machine } = await devices()
    expect(machine).toMatchObject({
      cpu: 'stand-in chip',
      chip: null,
      memoryBytes: 16 * 2 ** 30,
      translated: { value: false },
      model: { value: 'stand-in1,1' },
      osVersion: { value: '26' },
      osBuild: { value: 'stand-in build' },
      performanceCores: { value: 4 },
      efficiencyCores: { value: 6 },
      gpus: { value: ['stand-in GPU'] },
      neuralEngineCores: { value: 16 },
      thermalState: { value: 'nominal' },
      lowPowerMode: { value: false },
    })
    standin.configure({ thermalState: 3, lowPower: true, translated: true, gpu: false })
    expect(describeMachine()).toMatchObject({
      translated: { value: true },
      gpus: { value: [] },
      thermalState: { value: 'critical' },
      lowPowerMode: { value: true },
    })
  })

  it('that are not told say why', () => {
    const reason = (text: string) => ({ unavailable: expect.stringContaining(text) })
    standin.configure({ neuralEngine: false })
    expect(describeMachine().neuralEngineCores).toEqual(reason('no Neural Engine'))
    standin.configure({ osVersion: 13, neuralEngine: true })
    expect(describeMachine().neuralEngineCores).toEqual(reason('does not tell its cores'))
    standin.configure({ registryAnswers: false })
    expect(describeMachine().neuralEngineCores).toEqual(reason('nothing that the system tells confirms'))
    const mute = { ...addon.machine(), model: '', osBuild: '', performanceCores: 0, thermalState: 'unknown', devicesFrom: 'none' } as const
    expect(machineFacts({ ...mute, devices: [] })).toMatchObject({
      model: reason('name of the model'),
      osBuild: reason('build'),
      performanceCores: reason('performance cores'),
      gpus: reason('no compute devices'),
      neuralEngineCores: reason('confirms'),
      thermalState: reason('thermal state'),
    })
  })

  it('thermal state, low-power mode, Rosetta', async () => {
    standin.configure({ thermalState: 2, lowPower: true, translated: true })
    expect(appleBackend.condition()).toEqual({ thermalState: { value: 'serious' }, lowPowerMode: { value: true } })
    const warning = new Promise((resolve) => process.once('warning', resolve))
    const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [1]) }], outputs: [{ name: 'y', type: array('float32', [1]) }] })
    await (await Model.load(path, { backend: 'apple' })).dispose()
    expect(await warning).toMatchObject({ code: 'COREML_BRIDGE_ROSETTA' })
  })

  it.each([13, 14] as const)('a machine without Neural Engine on macOS %i', async (osVersion) => {
    standin.configure({ osVersion, neuralEngine: false })
    const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [1]) }], outputs: [{ name: 'y', type: array('float32', [1]) }] })
    if (osVersion === 14) {
      await expect(Model.load(path, { backend: 'apple', computeUnits: 'cpuAndNeuralEngine' })).rejects.toMatchObject({
        code: 'ERR_COMPUTE_UNIT_UNAVAILABLE',
        message: expect.stringContaining('Neural Engine'),
      })
    } else {
      // The registry's silence proves nothing: the unit loads, unverified.
      const model = await Model.load(path, { backend: 'apple', computeUnits: 'cpuAndNeuralEngine' })
      expect(model.unitVerified).toBe(false)
      await model.dispose()
    }
    const all = await Model.load(path, { backend: 'apple' })
    expect(all.computeUnits).toBe('all')
    await all.dispose()
  })

  it('macOS 13 asks the IORegistry, for every driver of Neural Engines, and Metal', async () => {
    for (const engineDriver of [0, 1, 2] as const) {
      standin.configure({ osVersion: 13, engineDriver })
      expect(addon.machine()).toMatchObject({
        devicesFrom: 'ioregistry',
        devices: [{ kind: 'cpu' }, { kind: 'gpu', name: 'stand-in GPU' }, { kind: 'neuralEngine' }],
      })
    }
    expect(findComputeUnits(addon.machine()).verified.cpuAndNeuralEngine).toBe(true)
    standin.configure({ gpu: false })
    expect((await appleBackend.computeUnits()).cpuAndGPU).toHaveProperty('unavailable')
    expect(
      findComputeUnits({ ...addon.machine(), devices: [{ kind: 'cpu' }], chip: 'Intel(R) Core(TM) i9' }).units.cpuAndNeuralEngine,
    ).toHaveProperty('unavailable')
  })
})

describe('plans', () => {
  it('of an ML Program with blocks within ops: as many ops of each kind as our own reader counts', async () => {
    const path = 'tests/fixtures/mil/control-flow.mlpackage'
    const model = await Model.load(path, { backend: 'apple' })
    const plan = (await model.computePlan()) as PlannedOperation[]
    const counts: Record<string, number> = {}
    for (const { operator } of plan) if (operator !== 'const') counts[operator] = (counts[operator] ?? 0) + 1
    const [main] = (await inspect(path)).functions
    expect(counts).toEqual(main!.operations)
    expect(counts.cond).toBeGreaterThan(0)
    await model.dispose()
  })

  it('of a pipeline: the layers of all its models', async () => {
    const network = readFileSync('models/digits-cnn/digits-cnn.mlmodel')
    // Field 202 of a Model is its pipeline, field 1 of that a model.
    const models = new BinaryWriter().tag(202, WireType.LengthDelimited).fork()
    for (const each of [network, network]) models.tag(1, WireType.LengthDelimited).bytes(each)
    const number = [{ name: 'x', type: { type: scalar('double') } }]
    const model = create(ModelSchema, { specificationVersion: 1, description: { input: number, output: number } })
    const pipeline = Buffer.concat([toBinary(ModelSchema, model), models.join().finish()])
    const path = join(folder, 'pipeline.mlmodel')
    writeFileSync(path, pipeline)
    const [whole, one] = await Promise.all(
      [path, 'models/digits-cnn/digits-cnn.mlmodel'].map(async (file) => {
        const model = await Model.load(file, { backend: 'apple' })
        const plan = (await model.computePlan()) as PlannedOperation[]
        await model.dispose()
        return plan.map(({ name, operator }) => ({ name, operator }))
      }),
    )
    expect(one!.length).toBeGreaterThan(3)
    expect(whole).toEqual([...one!, ...one!])
  })

  it('of an ML Program: every op, nil answers stay unknown', async () => {
    const model = await Model.load('models/digits-cnn/digits-cnn.mlpackage', { backend: 'apple' })
    const plan = (await model.computePlan()) as PlannedOperation[]
    expect(plan.length).toBeGreaterThan(5)
    for (const [number, op] of plan.entries()) {
      expect(op.operator).not.toMatch(/^ios/)
      if (op.operator === 'const' || number % 5 === 4) {
        expect(op).toMatchObject({ preferred: 'unknown', supported: [], cost: { unavailable: expect.any(String) } })
      } else {
        expect(op).toMatchObject({ preferred: number % 2 === 0 ? 'neuralEngine' : 'gpu', supported: ['cpu', 'gpu', 'neuralEngine'] })
        expect(op.cost).toBeCloseTo(1 / plan.length, 12)
      }
    }
    await model.dispose()
  })

  it('respects the units, covers NeuralNetwork layers', async () => {
    const model = await Model.load('models/digits-cnn/digits-cnn.mlmodel', { backend: 'apple', computeUnits: 'cpuOnly' })
    const plan = (await model.computePlan()) as PlannedOperation[]
    expect(plan.map(({ operator }) => operator)).toContain('convolution')
    expect(new Set(plan.map(({ preferred }) => preferred))).toEqual(new Set(['cpu', 'unknown']))
    await model.dispose()
  })

  it('that cannot be had say why', async () => {
    const model = await Model.load('models/digits-cnn/digits-cnn.mlpackage', { backend: 'apple' })
    standin.configure({ failPlan: true })
    expect(await model.computePlan()).toEqual({ unavailable: expect.stringContaining('could not be made') })
    standin.configure({ failPlan: false, osVersion: 14 })
    expect(await model.computePlan()).toEqual({ unavailable: expect.stringContaining('macOS 14.4') })
    await model.dispose()
  })
})

describe('energy', () => {
  it('joules by rail at the load that the counters show', async () => {
    const measurable: MeasurableBackend = appleBackend
    const before = await measurable.powerCounters!()
    const start = performance.now()
    await sleep(200)
    const after = await measurable.powerCounters!()
    const seconds = (performance.now() - start) / 1000
    if ('unavailable' in before || 'unavailable' in after) throw new Error('no counters')
    // The stand-in's steady load, in watts; "ECPU0" is a part of "CPU Energy" and must not count twice.
    for (const [rail, watts] of Object.entries({ cpu: 2, gpu: 0.5, neuralEngine: 1.5, memory: 0.25 })) {
      const measured = (after.joules[rail]! - before.joules[rail]!) / seconds
      expect(measured, rail).toBeGreaterThan(watts * 0.8)
      expect(measured, rail).toBeLessThan(watts * 1.2)
    }
    // Three quarters of the time above the lowest state.
    const active = ((after.neuralEngineActiveSeconds as number) - (before.neuralEngineActiveSeconds as number)) / seconds
    expect(active).toBeGreaterThan(0.6)
    expect(active).toBeLessThan(0.9)
  })

  it('gated counters and a missing library are unavailable, never 0 J', async () => {
    const meter = addon.openEnergyMeter!()
    meter.start()
    standin.configure({ energyGated: true })
    const gated = addon.openEnergyMeter!()
    gated.start()
    await sleep(60)
    expect(gated.read()).toMatchObject({ gated: true, cpu: 0, memory: 0 })
    // Too short a window tells nothing yet.
    const begun = addon.openEnergyMeter!()
    expect(readPowerCounters({ ...addon, openEnergyMeter: () => begun })).toMatchObject({ joules: { cpu: 0 } })
    const stuck = { ...addon, openEnergyMeter: () => ({ start: () => {}, read: () => gated.read() }) }
    expect(readPowerCounters(stuck)).toEqual({ unavailable: expect.stringContaining('read zero') })
    standin.configure({ energyGated: false, energyMissing: true })
    expect(() => addon.openEnergyMeter!()).toThrow(expect.objectContaining({ code: 'ERR_UNAVAILABLE' }))
  })
})
