import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listCache } from '../../../src/backends/apple/cache.ts'
import { Model } from '../../../src/model/model.ts'
import { addon, standin, useStandin } from './addon.ts'
import { array, folder, modelBytes, modelFile, scalar, vector } from './models.ts'
import { fresh, load, useScratch } from './scratch.ts'

useStandin()
const temporary = useScratch()

describe('loading', () => {
  it('with every setting', async () => {
    const model = await load(fresh(), {
      computeUnits: 'cpuAndGPU',
      allowLowPrecisionAccumulationOnGPU: true,
      optimizationHints: { reshapeFrequency: 'infrequent', specializationStrategy: 'fastPrediction' },
      modelDisplayName: 'Trial',
      preferredMetalDevice: 'stand-in GPU',
    })
    expect(model.computeUnits).toBe('cpuAndGPU')
    await model.dispose()
    // Numbers are those of Apple's enumerations.
    expect(standin.lastConfiguration()).toEqual({
      computeUnits: '1',
      allowLowPrecisionAccumulationOnGPU: 'true',
      modelDisplayName: 'Trial',
      preferredMetalDevice: 'stand-in GPU',
      reshapeFrequency: '1',
      specializationStrategy: '1',
      functionName: '',
    })
    await (await load(fresh())).dispose()
    expect(standin.lastConfiguration()).toEqual({
      computeUnits: '2',
      allowLowPrecisionAccumulationOnGPU: 'false',
      modelDisplayName: '',
      preferredMetalDevice: '',
      reshapeFrequency: '0',
      specializationStrategy: '0',
      functionName: '',
    })
    const native = await addon.loadModel({ path: await addon.compileModel(fresh()) }, { computeUnits: 'cpuAndNeuralEngine' })
    expect(native.computeUnits()).toBe('cpuAndNeuralEngine')
    await native.dispose()
    await expect(load(fresh(), { preferredMetalDevice: 'Voodoo' })).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      message: expect.stringContaining('stand-in GPU'),
    })
  })

  const functionOf = (name: string) => ({
    name,
    inputs: [{ name: `${name}-in`, type: scalar('double') }],
    outputs: [{ name: `${name}-out`, type: scalar('double') }],
  })
  const twoFunctions = { inputs: [], outputs: [], functions: [functionOf('encode'), functionOf('decode')], defaultFunction: 'encode' }

  it('of a compiled model: its functions as Core ML tells them from macOS 15, none where it has not several', async () => {
    const [several, one] = await Promise.all([modelFile(twoFunctions), fresh()].map((path) => addon.compileModel(path)))
    const functions = async (path: string) => {
      const model = await load(path)
      await model.dispose()
      return model.description.functions
    }
    for (const osVersion of [15, 26] as const) {
      standin.configure({ osVersion })
      expect(await functions(several!)).toEqual(['encode', 'decode'])
      expect(await functions(one!)).toEqual([])
    }
    // Unknown stays unknown, and is no reason to refuse the model.
    standin.configure({ failFunctionNames: true })
    expect(await functions(several!)).toBeUndefined()
    await expect(addon.functionNames(several!)).rejects.toMatchObject({ code: 'ERR_LOAD', domain: 'com.apple.CoreML' })
    await expect(addon.functionNames(join(folder, 'nothing.mlmodelc'))).rejects.toMatchObject({ code: 'ERR_LOAD' })
    standin.configure({ failFunctionNames: false, osVersion: 14.4 })
    expect(await functions(several!)).toBeUndefined()
    await expect(addon.functionNames(several!)).rejects.toMatchObject({
      code: 'ERR_OS_VERSION',
      message: expect.stringContaining('macOS 15'),
    })
    await Promise.all([several!, one!].map((path) => addon.removeCompiled(path)))
  })

  it('of a function', async () => {
    const path = modelFile(twoFunctions)
    for (const [functionName, expected] of [
      [undefined, 'encode-in'],
      ['decode', 'decode-in'],
    ]) {
      const model = await load(path, functionName ? { functionName } : {})
      expect(model.inputs.map(({ name }) => name)).toEqual([expected])
      expect(model.functions).toEqual(['encode', 'decode'])
      await model.dispose()
    }
    await expect(load(path, { functionName: 'nothing' })).rejects.toMatchObject({
      code: 'ERR_LOAD',
      message: expect.stringContaining('nothing'),
    })
  })

  it.each([
    [{ functionName: 'main' }, 14.4, '15'],
    [{ optimizationHints: { reshapeFrequency: 'infrequent' } }, 14, '14.4'],
    [{ optimizationHints: { specializationStrategy: 'fastPrediction' } }, 14.4, '15'],
  ] as const)('%j on macOS %f names the version it needs', async (options, osVersion, needed) => {
    standin.configure({ osVersion })
    await expect(load(fresh(), options)).rejects.toMatchObject({
      code: 'ERR_OS_VERSION',
      message: expect.stringContaining(`macOS ${needed}`),
    })
  })

  it.each([13, 14, 14.4, 15, 26] as const)('and predicting on macOS %f', async (osVersion) => {
    standin.configure({ osVersion })
    const model = await load(fresh())
    const results = await Promise.all([1, 2, 3].map((n) => model.predict({ x: [n, n, n, n] })))
    expect(results.map(({ y }) => (y as { data: Float32Array }).data[3])).toEqual([1, 2, 3])
    await model.runTimed({ x: [1, 2, 3, 4] }, { iterations: 2 })
    await model.predictBatch([{ x: [1, 2, 3, 4] }])
    await model.dispose()
  })

  it('int8 arrays need macOS 26', async () => {
    const path = modelFile({ inputs: [{ name: 'x', type: array('int8', [2]) }], outputs: [{ name: 'y', type: array('float32', [2]) }] })
    standin.configure({ osVersion: 15 })
    const model = await load(path)
    await expect(model.predict({ x: [1, 2] })).rejects.toMatchObject({
      code: 'ERR_OS_VERSION',
      message: expect.stringContaining('macOS 26'),
    })
    await model.dispose()
  })

  describe('from memory', () => {
    it('the bytes of a .mlmodel, as such or as a specification', async () => {
      for (const source of [modelBytes(vector), Buffer.from(modelBytes(vector)), { specification: modelBytes(vector) }]) {
        const model = await Model.load(source, { backend: 'apple' })
        expect((await model.predict({ x: [1, 2, 3, 4] })).y).toMatchObject({ dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) })
        expect(model.loadTimes.compile).toHaveProperty('unavailable')
        expect(await model.computePlan()).toHaveProperty('unavailable')
        await model.dispose()
      }
      // Nothing was compiled to disk.
      expect(readdirSync(temporary())).toEqual([])
      expect(await listCache()).toEqual([])
    })

    it('keeps what only the specification tells: the order of features, texts, default values', async () => {
      const feature = (name: string) => ({ name, type: scalar('double'), text: `the ${name}` })
      const bytes = modelBytes({ inputs: [feature('z'), feature('a')], outputs: [feature('y')] })
      const model = await Model.load(bytes, { backend: 'apple' })
      expect(model.inputs.map(({ name, description }) => [name, description])).toEqual([
        ['z', 'the z'],
        ['a', 'the a'],
      ])
      await model.dispose()
    })

    // A model whose weights are in a file. The stand-in wants every file that the program names, under the path that it names, with the header of one.
    const inPackage = (name: string) => readFileSync(join('models/digits-cnn/digits-cnn.mlpackage/Data/com.apple.CoreML', name))
    const specification = inPackage('model.mlmodel')
    const weights = { 'weights/weight.bin': inPackage('weights/weight.bin') }

    it('a specification with its weight files', async () => {
      const model = await Model.load({ specification, weights }, { backend: 'apple' })
      expect(model.inputs.map(({ name }) => name)).toEqual(['image'])
      await model.predict({ image: { width: 28, height: 28, format: 'gray8', data: new Uint8Array(784) } })
      const { intermediates } = await model.predictDetailed(
        { image: { width: 28, height: 28, format: 'gray8', data: new Uint8Array(784) } },
        { intermediates: 'all' },
      )
      expect(Object.keys(intermediates!).length).toBeGreaterThan(3)
      await model.dispose()
    })

    it('with weight files whose names a URL must escape', async () => {
      // As long as the name it replaces, so that the lengths within the specification still hold.
      const name = 'weights/a b%20c?d#.w'.slice(0, 'weights/weight.bin'.length)
      const renamed = Buffer.from(specification.toString('latin1').replaceAll('weights/weight.bin', name), 'latin1')
      const source = { specification: renamed, weights: { [name]: weights['weights/weight.bin'] } }
      await (await Model.load(source, { backend: 'apple' })).dispose()
    })

    it('that lacks a weight file, or has other bytes in its place, is refused', async () => {
      const wrong = [{ specification }, { specification, weights: { 'weight.bin': weights['weights/weight.bin'] } }]
      for (const source of [...wrong, { specification, weights: { 'weights/weight.bin': new Uint8Array(128) } }]) {
        await expect(Model.load(source, { backend: 'apple' })).rejects.toMatchObject({
          code: 'ERR_LOAD',
          message: expect.stringContaining('weights/weight.bin'),
        })
      }
      await expect(Model.load(Uint8Array.of(1, 2, 3), { backend: 'apple' })).rejects.toMatchObject({ code: 'ERR_LOAD' })
    })

    it('with weight files needs macOS 15, without them macOS 13', async () => {
      standin.configure({ osVersion: 14.4 })
      await expect(Model.load({ specification, weights }, { backend: 'apple' })).rejects.toMatchObject({
        code: 'ERR_OS_VERSION',
        message: expect.stringContaining('macOS 15'),
      })
      standin.configure({ osVersion: 13 })
      await (await Model.load(modelBytes(vector), { backend: 'apple' })).dispose()
    })

    it('lies in shared memory', async () => {
      const bytes = modelBytes(vector)
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
      shared.set(bytes)
      await (await Model.load(shared, { backend: 'apple' })).dispose()
    })
  })

  it('can be aborted while it is slow', async () => {
    standin.configure({ loadMilliseconds: 80 })
    const controller = new AbortController()
    const loading = load(fresh(), { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('errors and exceptions', async () => {
    standin.configure({ loadError: 3 + 1 })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_LOAD', domain: 'com.apple.CoreML', nativeCode: 3 })
    // MLModelErrorModelKeyFetch and MLModelErrorModelDecryption.
    for (const nativeCode of [8, 9]) {
      standin.configure({ loadError: nativeCode + 1 })
      await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_MODEL_ENCRYPTED', domain: 'com.apple.CoreML', nativeCode })
    }
    standin.configure({ loadError: 0, throwFromLoad: true })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_LOAD', message: expect.stringContaining('StandinException') })
  })
})

describe('failing predictions', () => {
  it.each([13, 26] as const)('errors, exceptions and nothing at all, on macOS %i', async (osVersion) => {
    standin.configure({ osVersion })
    const model = await load(fresh())
    const twice = () => Promise.allSettled([model.predict({ x: [1, 2, 3, 4] }), model.predict({ x: [1, 2, 3, 4] })])
    const reasons = async () => (await twice()).map((result) => (result.status === 'rejected' ? result.reason : undefined))
    standin.configure({ predictError: 11 + 1 })
    for (const reason of await reasons()) expect(reason).toMatchObject({ code: 'ERR_PREDICT', nativeCode: 11, domain: 'com.apple.CoreML' })
    standin.configure({ predictError: 0, throwFromPredict: true })
    for (const reason of await reasons())
      expect(reason).toMatchObject({ code: 'ERR_PREDICT', message: expect.stringContaining('StandinException') })
    standin.configure({ throwFromPredict: false, nilWithoutError: true })
    for (const reason of await reasons())
      expect(reason).toMatchObject({ code: 'ERR_PREDICT', message: expect.stringContaining('no error') })
    standin.configure({ nilWithoutError: false })
    expect((await twice()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    await model.dispose()
  })
})
