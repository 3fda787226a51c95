// Compiling, the cache of compiled models, loading with every setting, errors.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addToCache, cachePath, clearCache, findCached, listCache } from '../../../src/backends/apple/cache.ts'
import { compiledModel } from '../../../src/backends/apple/compile.ts'
import { contentHash } from '../../../src/backends/apple/content-hash.ts'
import { CoreMLError } from '../../../src/errors.ts'
import { compile } from '../../../src/lazy.ts'
import { Model } from '../../../src/model/model.ts'
import { addon, addonPath, standin, useStandin } from './addon.ts'
import { array, folder, type ModelInit, modelBytes, modelFile, scalar } from './models.ts'

useStandin()

const vector: ModelInit = { inputs: [{ name: 'x', type: array('float32', [4]) }], outputs: [{ name: 'y', type: array('float32', [2, 2]) }] }
let number = 0
/** A model that no other test has compiled. */
const fresh = () => modelFile({ ...vector, metadata: { author: `nobody ${process.pid} ${number++}` } })

let temporary: string
beforeEach(() => {
  process.env.COREML_BRIDGE_CACHE = mkdtempSync(join(folder, 'cache-'))
  temporary = mkdtempSync(join(folder, 'tmp-'))
  process.env.TMPDIR = temporary
})
afterEach(() => {
  delete process.env.COREML_BRIDGE_CACHE
  delete process.env.COREML_BRIDGE_CACHE_LIMIT
})

/** A folder of another disk than the temporary folder's, if there is one. */
const otherDisk = ['/dev/shm', '/var/tmp'].find((path) => existsSync(path) && statSync(path).dev !== statSync(folder).dev)

const load = (path: string, options: object = {}) => Model.load(path, { backend: 'apple', ...options })

describe('the cache', () => {
  it('compiles once, tells the phases, keeps entries private', async () => {
    const path = fresh()
    const phases: string[] = []
    const first = await load(path, { onProgress: (phase: string) => phases.push(phase) })
    expect(first.loadTimes.compile).toBeTypeOf('number')
    await first.dispose()
    const second = await load(path, { onProgress: (phase: string) => phases.push(phase) })
    expect(second.loadTimes.compile).toHaveProperty('unavailable')
    await second.dispose()
    expect(phases).toEqual(['compiling', 'loading', 'loading'])
    const [entry, ...rest] = await listCache()
    expect(rest).toEqual([])
    expect(statSync(join(cachePath(), entry!.key)).mode & 0o777).toBe(0o700)
    expect(entry!.bytes).toBeGreaterThan(0)
    // Nothing of the compiler's stays in the temporary folder.
    expect(readdirSync(temporary)).toEqual([])
  })

  it('goes by content, not by name or time', async () => {
    const [a, b] = [modelFile({ ...vector, metadata: { author: 'same' } }), modelFile({ ...vector, metadata: { author: 'same' } })]
    expect(await contentHash(a, '')).toBe(await contentHash(b, ''))
    expect(await contentHash(a, '')).not.toBe(await contentHash(a, 'other system'))
    writeFileSync(b, modelBytes({ ...vector, metadata: { author: 'Same' } }))
    expect(await contentHash(a, '')).not.toBe(await contentHash(b, ''))
  })

  it('file names delimit contents in packages', async () => {
    const make = (files: Record<string, string>) => {
      const root = mkdtempSync(join(folder, 'package-'))
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(root, name, '..'), { recursive: true })
        writeFileSync(join(root, name), text)
      }
      return root
    }
    const hashes = await Promise.all(
      ([{ 'a/b': 'xy' }, { 'a/b': 'x', 'a/c': 'y' }, { a: 'xy' }, { 'a/b': 'xyz' }] as Record<string, string>[]).map((files) =>
        contentHash(make(files), ''),
      ),
    )
    expect(new Set(hashes).size).toBe(4)
  })

  it('evicts the least recently used beyond its limit, never the newest', async () => {
    const compiled = async () => addon.compileModel(fresh())
    await addToCache('one', 'one', await compiled())
    await addToCache('two', 'two', await compiled())
    await new Promise((resolve) => setTimeout(resolve, 20))
    await findCached('one')
    const [{ bytes } = { bytes: 0 }] = await listCache()
    process.env.COREML_BRIDGE_CACHE_LIMIT = String(Math.floor(bytes * 2.5))
    await addToCache('three', 'three', await compiled())
    expect((await listCache()).map(({ key }) => key)).toEqual(['one', 'three'])
    process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
    await addToCache('four', 'four', await compiled())
    expect((await listCache()).map(({ key }) => key)).toEqual(['four'])
    expect(await clearCache()).toBeGreaterThan(0)
    expect(readdirSync(cachePath())).toEqual([])
  })

  it('a half-written entry is none, and what a killed process left goes', async () => {
    mkdirSync(join(cachePath(), 'half', 'model.mlmodelc'), { recursive: true })
    expect(await findCached('half')).toBeUndefined()
    // A process that is gone: its number is free again.
    const { pid } = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: {} })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    mkdirSync(join(cachePath(), `.tmp-${pid}-0`))
    mkdirSync(join(cachePath(), `.tmp-${process.pid}-alive`))
    await addToCache('whole', 'whole', await addon.compileModel(fresh()))
    expect(readdirSync(cachePath()).filter((name) => name.startsWith('.tmp'))).toEqual([`.tmp-${process.pid}-alive`])
  })

  it('two loads at once compile once; two processes leave one whole entry', async () => {
    standin.configure({ compileMilliseconds: 100 })
    const path = fresh()
    const [a, b] = await Promise.all([load(path), load(path)])
    await Promise.all([a.dispose(), b.dispose()])
    const key = (await listCache())[0]!.key
    const other = await addon.compileModel(fresh())
    // As if another process had been faster: its entry stays, and is what is given.
    expect(await addToCache(key, 'late', other)).toBe(join(cachePath(), key, 'model.mlmodelc'))
    expect((await listCache()).map(({ name }) => name)).not.toContain('late')
    expect(readdirSync(cachePath())).toEqual([key])
  })

  it('a disk that takes nothing: the model runs uncached, and nothing stays', async () => {
    // A file where the folder should be stands for a read-only or full disk; root may write anywhere.
    const blocked = join(folder, `blocked-${number++}`)
    writeFileSync(blocked, '')
    process.env.COREML_BRIDGE_CACHE = blocked
    const model = await load(fresh())
    expect(readdirSync(temporary)).toHaveLength(1)
    await model.predict({ x: [1, 2, 3, 4] })
    await model.dispose()
    expect(readdirSync(temporary)).toEqual([])
    if (process.getuid?.() !== 0) {
      const readOnly = mkdtempSync(join(folder, 'read-only-'))
      chmodSync(readOnly, 0o500)
      process.env.COREML_BRIDGE_CACHE = join(readOnly, 'cache')
      await (await load(fresh())).dispose()
      expect(readdirSync(temporary)).toEqual([])
    }
  })

  it('a failed load leaves nothing behind', async () => {
    const blocked = join(folder, `blocked-${number++}`)
    writeFileSync(blocked, '')
    process.env.COREML_BRIDGE_CACHE = blocked
    standin.configure({ loadError: 1 })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_LOAD' })
    expect(readdirSync(temporary)).toEqual([])
  })
})

describe('compile', () => {
  it('to a path that the caller names, past the cache', async () => {
    const destination = join(folder, `mine-${number++}.mlmodelc`)
    expect(await compile(fresh(), destination)).toBe(destination)
    expect(existsSync(join(destination, 'coremldata.bin'))).toBe(true)
    expect(await listCache()).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
    const model = await load(destination)
    expect(model.inputs[0]!.name).toBe('x')
    await model.dispose()
    expect(existsSync(destination)).toBe(true)
    const other = join(folder, `mine-${number++}.mlmodelc`)
    expect(await compile(pathToFileURL(fresh()), pathToFileURL(other))).toBe(other)
  })

  it('to a place where something is, that is no .mlmodelc, or cannot be written is refused, and leaves nothing', async () => {
    const destination = mkdtempSync(join(folder, 'taken-'))
    const named = `${destination}.mlmodelc`
    mkdirSync(named)
    await expect(compile(fresh(), named)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('exists') })
    await expect(compile(fresh(), join(destination, 'model'))).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    await expect(compile(fresh(), join(destination, 'no/such/model.mlmodelc'))).rejects.toMatchObject({ code: 'ERR_FILE' })
    await expect(compile(join(destination, 'missing.mlmodel'), named)).rejects.toMatchObject({ code: 'ERR_FILE' })
    await expect(compile(named, `${destination}-2.mlmodelc`)).rejects.toMatchObject({ code: 'ERR_MODEL_COMPILED' })
    standin.configure({ compileError: 1 })
    await expect(compile(fresh(), `${destination}-3.mlmodelc`)).rejects.toMatchObject({ code: 'ERR_COMPILE' })
    expect(readdirSync(destination)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
  })

  it('puts nothing to the place if it was aborted', async () => {
    standin.configure({ compileMilliseconds: 80 })
    const destination = join(folder, `aborted-${number++}.mlmodelc`)
    const controller = new AbortController()
    const compiling = compile(fresh(), destination, { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(compiling).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(destination)).toBe(false)
    expect(readdirSync(temporary)).toEqual([])
  })

  it.skipIf(!otherDisk)(
    `to another disk in one step, by a copy beside the place${otherDisk ? '' : ' (skipped: no second disk here)'}`,
    async () => {
      const place = mkdtempSync(join(otherDisk!, 'coreml-bridge-'))
      try {
        await compile(fresh(), join(place, 'model.mlmodelc'))
        expect(readdirSync(place)).toEqual(['model.mlmodelc'])
        expect(existsSync(join(place, 'model.mlmodelc', 'coremldata.bin'))).toBe(true)
        expect(readdirSync(temporary)).toEqual([])
      } finally {
        rmSync(place, { recursive: true, force: true })
      }
    },
  )

  it('errors keep domain, code and user info', async () => {
    const damaged = join(folder, `damaged-${number++}.mlmodel`)
    writeFileSync(damaged, 'no model')
    const error = await load(damaged).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CoreMLError)
    expect(error).toMatchObject({
      code: 'ERR_COMPILE',
      domain: 'com.apple.CoreML',
      nativeCode: 0,
      message: expect.stringContaining('protobuf'),
    })
    // GNUstep spells the key with "Key" at its end.
    expect(Object.entries((error as CoreMLError).userInfo ?? {})).toContainEqual([
      expect.stringMatching(/^NSLocalizedDescription/),
      expect.stringContaining('protobuf'),
    ])
    standin.configure({ compileError: 6 + 1 })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_COMPILE', nativeCode: 6 })
    standin.configure({ compileError: 0, throwFromCompile: true })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_COMPILE', message: expect.stringContaining('StandinException') })
  })

  it('reads packages', async () => {
    const path = 'models/digits-cnn/digits-cnn.mlpackage'
    const { path: compiled } = await compiledModel(addon, path)
    expect(compiled.startsWith(cachePath())).toBe(true)
    const model = await load(path)
    expect(model.inputs).toHaveLength(1)
    await model.dispose()
  })
})

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
    const native = await addon.loadModel({ path: await addon.compileModel(fresh()) }, { computeUnits: 'cpuAndNeuralEngine' })
    expect(native.computeUnits()).toBe('cpuAndNeuralEngine')
    await native.dispose()
    await expect(load(fresh(), { preferredMetalDevice: 'Voodoo' })).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      message: expect.stringContaining('stand-in GPU'),
    })
  })

  it('of a function', async () => {
    const of = (name: string) => ({
      name,
      inputs: [{ name: `${name}-in`, type: scalar('double') }],
      outputs: [{ name: `${name}-out`, type: scalar('double') }],
    })
    const path = modelFile({ inputs: [], outputs: [], functions: [of('encode'), of('decode')], defaultFunction: 'encode' })
    for (const [functionName, expected] of [
      [undefined, 'encode-in'],
      ['decode', 'decode-in'],
    ]) {
      const model = await load(path, functionName ? { functionName } : {})
      expect(model.inputs.map(({ name }) => name)).toEqual([expected])
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
      expect(readdirSync(temporary)).toEqual([])
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

describe('the stand-in', () => {
  it('exports what the addon of a Mac exports (or of an iPhone: no energy counters, no thread-safe functions), besides its own switches', () => {
    const listed = execFileSync('nm', ['-D', '--defined-only', addonPath], { encoding: 'utf8' })
    expect(listed).toContain('napi_register_module_v1')
    const wanted = execFileSync('nm', ['-D', '--undefined-only', addonPath], { encoding: 'utf8' })
    const onPhone = addonPath.includes('react-native')
    expect(/napi_\w*threadsafe_function/.test(wanted)).toBe(!onPhone)
    expect(
      Object.keys(addon)
        .filter((name) => name !== 'standin')
        .sort(),
    ).toEqual(
      [
        ...[
          'Model',
          'State',
          'Cancellation',
          'newCancellation',
          'loadModel',
          'compileModel',
          'moveCompiled',
          'removeCompiled',
          'computePlan',
          'machine',
        ],
        ...['decodeImage', 'allocate', 'isAllocated'],
        ...(onPhone ? [] : ['EnergyMeter', 'openEnergyMeter']),
      ].sort(),
    )
  })
})
