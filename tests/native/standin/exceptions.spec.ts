// Objective-C exceptions out of every entry into Core ML and the frameworks around it: each becomes an error with a code, and what threw can be used again.
// Those of compile, load and single predictions are in compile.spec.ts and load.spec.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { appleBackend } from '../../../src/backends/apple/backend.ts'
import { findComputeUnits } from '../../../src/backends/apple/devices.ts'
import { readPowerCounters } from '../../../src/backends/apple/energy.ts'
import { Model } from '../../../src/model/model.ts'
import { addon, standin, useStandin } from './addon.ts'
import { heic, image, modelFile, vector } from './models.ts'

useStandin()

const thrown = (code: string) => ({ code, message: expect.stringContaining('StandinException') })
const x = [1, 2, 3, 4]

describe('an exception', () => {
  it.each([13, 26] as const)('from a batch, on macOS %i', async (osVersion) => {
    standin.configure({ osVersion })
    const model = await Model.load(modelFile(vector), { backend: 'apple' })
    standin.configure({ throwFromPredict: true })
    await expect(model.predictBatch([{ x }, { x }])).rejects.toMatchObject(thrown('ERR_PREDICT'))
    standin.configure({ throwFromPredict: false })
    expect(await model.predictBatch([{ x }, { x }])).toHaveLength(2)
    await model.dispose()
  })

  it.each([13, 26] as const)('from a timed loop, at once and in the middle, on macOS %i', async (osVersion) => {
    standin.configure({ osVersion })
    const model = await Model.load(modelFile(vector), { backend: 'apple' })
    standin.configure({ throwFromPredict: true })
    await expect(model.runTimed({ x }, { iterations: 3 })).rejects.toMatchObject(thrown('ERR_PREDICT'))
    standin.configure({ throwFromPredict: false, predictMicroseconds: 2_000 })
    const before = standin.events().predictions
    const run = expect(model.runTimed({ x }, { iterations: 100_000, block: 10 })).rejects.toMatchObject(thrown('ERR_PREDICT'))
    await expect.poll(() => standin.events().predictions - before).toBeGreaterThan(3)
    standin.configure({ throwFromPredict: true })
    await run
    standin.configure({ throwFromPredict: false })
    expect((await model.runTimed({ x }, { iterations: 2 })).nanoseconds).toHaveLength(2)
    await model.dispose()
  })

  it('from the plan', async () => {
    const compiled = await addon.compileModel('models/digits-cnn/digits-cnn.mlpackage')
    const model = await Model.load(compiled, { backend: 'apple' })
    standin.configure({ throwFromPlan: true })
    await expect(addon.computePlan(compiled, {})).rejects.toMatchObject(thrown('ERR_LOAD'))
    expect(await model.computePlan()).toEqual({ unavailable: expect.stringContaining('StandinException') })
    standin.configure({ throwFromPlan: false })
    expect(await model.computePlan()).toBeInstanceOf(Array)
    await model.dispose()
    await addon.removeCompiled(compiled)
  })

  it('from decoding an image file', async () => {
    const file = heic(1, 1, 1, [10, 20, 30, 255])
    const path = modelFile({ inputs: [{ name: 'x', type: image(1, 1, 'rgb') }], outputs: [{ name: 'y', type: image(1, 1, 'rgb') }] })
    const model = await Model.load(path, { backend: 'apple' })
    standin.configure({ throwFromDecode: true })
    await expect(addon.decodeImage(file)).rejects.toMatchObject(thrown('ERR_INPUT'))
    await expect(model.predict({ x: file })).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/^input "x": .*StandinException/),
    })
    standin.configure({ throwFromDecode: false })
    expect((await model.predict({ x: file })).y).toMatchObject({ data: Uint8Array.of(30, 20, 10, 255) })
    await model.dispose()
  })

  it.each([13, 26] as const)(
    'from the question for devices: nobody told them, the rest of the machine is there, on macOS %i',
    async (osVersion) => {
      standin.configure({ osVersion, throwFromDevices: true })
      expect(addon.machine()).toMatchObject({
        devicesFrom: 'none',
        chip: 'stand-in chip',
        osVersion: String(osVersion),
        memoryBytes: 16 * 2 ** 30,
      })
      expect(findComputeUnits(addon.machine()).verified.cpuAndNeuralEngine).toBe(false)
      expect((await appleBackend.computeUnits()).cpuOnly).toBe(true)
      const model = await Model.load(modelFile(vector), { backend: 'apple' })
      await model.predict({ x })
      await model.dispose()
    },
  )

  it('from energy counters, when they are opened, started and read', async () => {
    const meter = addon.openEnergyMeter!()
    meter.start()
    const begun = addon.openEnergyMeter!()
    standin.configure({ throwFromEnergy: true })
    expect(() => addon.openEnergyMeter!()).toThrow(expect.objectContaining(thrown('ERR_UNAVAILABLE')))
    expect(() => begun.start()).toThrow(expect.objectContaining(thrown('ERR_UNAVAILABLE')))
    expect(() => meter.read()).toThrow(expect.objectContaining(thrown('ERR_UNAVAILABLE')))
    expect(readPowerCounters({ ...addon })).toEqual({ unavailable: expect.stringContaining('StandinException') })
    standin.configure({ throwFromEnergy: false })
    await sleep(50)
    expect(meter.read()).toMatchObject({ gated: false })
  })
})
