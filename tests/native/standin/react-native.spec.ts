// The package's entry for React Native over the addon: no Node on its way, so paths, images and compiled models are the addon's own business.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import type { Image } from '../../../src/model/values.ts'
import { compile, devices, Model, type Tensor } from '../../../src/react-native/index.ts'
import { addon, addonPath, standin, useStandin } from './addon.ts'
import { folder, heic, image, type ModelInit, modelBytes, modelFile, state, vector } from './models.ts'
import { useScratch } from './scratch.ts'

// The literal require of the real file is what the child process below goes through.
vi.mock('../../../src/react-native/binding.ts', async () => {
  const { addon } = await import('./addon.ts')
  return { loadBinding: () => addon, bindingAvailable: () => true }
})
useStandin()

const temporary = useScratch()

async function withModel(source: Parameters<typeof Model.load>[0], use: (model: Model) => Promise<void>, options: object = {}) {
  const model = await Model.load(source, options)
  try {
    await use(model)
  } finally {
    await model.dispose()
  }
}

const numbers = (value: unknown) => [...((value as Tensor).data as Float32Array)]

describe('loading', () => {
  it('compiles a source model for itself and removes that with the model', async () => {
    const phases: string[] = []
    const options = { computeUnits: 'cpuAndNeuralEngine', onProgress: (phase: string) => phases.push(phase) }
    await withModel(
      modelFile(vector),
      async (model) => {
        expect(model).toMatchObject({ backend: 'apple', computeUnits: 'cpuAndNeuralEngine', unitVerified: true })
        expect(model.loadTimes.compile).toBeTypeOf('number')
        expect(readdirSync(temporary())).not.toEqual([])
        const { y } = await model.predict({ x: [1, 2, 3, 4] })
        expect(numbers(y)).toEqual([1, 2, 3, 4])
        expect((y as Tensor).dims).toEqual([2, 2])
        // No reader of ours here: Core ML is asked, and knows from iOS 18 on.
        expect(model.functions).toEqual([])
      },
      options,
    )
    expect(phases).toEqual(['compiling', 'loading'])
    expect(readdirSync(temporary())).toEqual([])
  })

  it('leaves nothing behind when loading fails, and keeps what Core ML said', async () => {
    standin.configure({ loadError: 1 })
    await expect(Model.load(modelFile(vector))).rejects.toMatchObject({ code: 'ERR_LOAD', domain: 'com.apple.CoreML', nativeCode: 0 })
    expect(readdirSync(temporary())).toEqual([])
  })

  it('takes paths, file: URLs as text and as objects, with a compiled model from compile(); bytes', async () => {
    const target = join(folder, 'kept with space.mlmodelc')
    expect(await compile(modelFile(vector), pathToFileURL(target))).toBe(target)
    expect(readdirSync(temporary())).toEqual([])
    for (const source of [target, pathToFileURL(target).href, pathToFileURL(target), `file://localhost${target}`, modelBytes(vector)]) {
      await withModel(source, async (model) => {
        expect(model.loadTimes.compile).toHaveProperty('unavailable')
        expect(numbers((await model.predict({ x: [1, 2, 3, 4] })).y)).toEqual([1, 2, 3, 4])
      })
    }
    expect(existsSync(target)).toBe(true)
  })

  it.each([
    ['a relative path', 'model.mlmodelc', /must be an absolute path or a file: URL, got "model\.mlmodelc"/],
    ['another URL', 'https://example.com/a.mlmodelc', /must be an absolute path/],
    ['a broken escape', 'file:///a%zz', /must be an absolute path/],
    ['a null character', '/a\0b', /must be an absolute path/],
    ['no path at all', 5, /got a value of type number/],
  ])('refuses %s', async (_, source, message) => {
    await expect(Model.load(source as string)).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringMatching(message) })
  })

  it('refuses options of Node’s backends, units that are not there, and an aborted signal, whose model it frees', async () => {
    const path = modelFile(vector)
    await expect(Model.load(path, { backend: 'portable' } as object)).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      message: expect.stringMatching(/no option "backend"/),
    })
    standin.configure({ neuralEngine: false })
    await expect(Model.load(path, { computeUnits: 'cpuAndNeuralEngine' })).rejects.toMatchObject({ code: 'ERR_COMPUTE_UNIT_UNAVAILABLE' })
    const abort = new AbortController()
    standin.configure({ loadMilliseconds: 50 })
    const loading = Model.load(path, { signal: abort.signal, onProgress: (phase) => phase === 'loading' && abort.abort() })
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
    expect(readdirSync(temporary())).toEqual([])
  })

  it('reads and writes states', async () => {
    const stateful: ModelInit = { ...vector, states: [{ name: 'memory', type: state('float16', [4]) }] }
    await withModel(modelFile(stateful), async (model) => {
      const memory = model.newState()
      await memory.write('memory', [1, 2, 3, 4])
      expect((await memory.read('memory')).dims).toEqual([4])
      memory.dispose()
    })
  })
})

describe('compile', () => {
  it('refuses what is compiled, another ending and a place that is taken, and leaves nothing behind', async () => {
    const path = modelFile(vector)
    const taken = join(folder, 'taken.mlmodelc')
    mkdirSync(taken)
    await expect(compile(taken, join(folder, 'other.mlmodelc'))).rejects.toMatchObject({ code: 'ERR_MODEL_COMPILED' })
    await expect(compile(path, join(folder, 'other.mlmodel'))).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    await expect(compile(path, taken)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(/^moving the compiled model failed/),
    })
    standin.configure({ compileError: 1 })
    await expect(compile(path, join(folder, 'other.mlmodelc'))).rejects.toMatchObject({ code: 'ERR_COMPILE', domain: 'com.apple.CoreML' })
    standin.configure({ compileError: 0, compileMilliseconds: 50 })
    const abort = new AbortController()
    const compiling = compile(path, join(folder, 'other.mlmodelc'), { signal: abort.signal })
    abort.abort()
    await expect(compiling).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(join(folder, 'other.mlmodelc'))).toBe(false)
    expect(readdirSync(temporary())).toEqual([])
  })

  it('never removes the temporary folder itself, where Core ML may put the model without a folder of its own', async () => {
    const model = join(temporary(), 'bare.mlmodelc')
    mkdirSync(model)
    await addon.removeCompiled(model)
    expect(readdirSync(temporary())).toEqual([])
  })

  it('a compiled model that the system has removed already is no error', async () => {
    const model = await Model.load(modelFile(vector))
    for (const entry of readdirSync(temporary())) rmSync(join(temporary(), entry), { recursive: true })
    await model.dispose()
  })
})

describe('images', () => {
  const file = heic(2, 2, 6, [10, 20, 30, 255, 40, 50, 60, 255, 70, 80, 90, 255, 0, 0, 0, 0])

  it('ImageIO decodes files and bytes; raw pixels are taken as they are', async () => {
    const onDisk = join(folder, 'turned.heic')
    writeFileSync(onDisk, file)
    const path = modelFile({ inputs: [{ name: 'x', type: image(2, 2, 'rgb') }], outputs: [{ name: 'y', type: image(2, 2, 'rgb') }] })
    await withModel(path, async (model) => {
      for (const given of [onDisk, pathToFileURL(onDisk).href, pathToFileURL(onDisk), file]) {
        const { y } = await model.predict({ x: given }, { background: [1, 2, 3] })
        // Turned right: c a / clear b, as bgra.
        expect([...(y as Image).data]).toEqual([90, 80, 70, 255, 30, 20, 10, 255, 3, 2, 1, 255, 60, 50, 40, 255])
      }
      const raw = { width: 2, height: 2, data: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 255 : i)) }
      expect([...((await model.predict({ x: raw })).y as Image).data.subarray(0, 4)]).toEqual([2, 1, 0, 255])
      await expect(model.predict({ x: join(folder, 'missing.heic') })).rejects.toMatchObject({
        code: 'ERR_FILE',
        message: expect.stringMatching(/^input "x": .*missing\.heic: the image file could not be read: No such file/),
      })
      await expect(model.predict({ x: Uint8Array.of(1, 2, 3) })).rejects.toMatchObject({ code: 'ERR_INPUT' })
      await expect(model.predict({ x: 'relative.heic' })).rejects.toMatchObject({
        code: 'ERR_ARGUMENT',
        message: expect.stringMatching(/^input "x": the image must be an absolute path/),
      })
      await expect(model.predict({ x: onDisk }, { files: false })).rejects.toMatchObject({ code: 'ERR_INPUT' })
    })
  })
})

describe('the device', () => {
  it('tells chip, units and condition', async () => {
    standin.configure({ gpu: false, lowPower: true })
    const { machine, computeUnits, lowPowerMode } = await devices()
    expect(machine).toMatchObject({ chip: 'stand-in chip', model: 'stand-in1,1' })
    expect(computeUnits).toMatchObject({ cpuOnly: true, cpuAndNeuralEngine: true, cpuAndGPU: { unavailable: expect.any(String) } })
    expect(lowPowerMode).toEqual({ value: true })
  })
})

describe('as an app resolves it', () => {
  const child = fileURLToPath(new URL('./children/react-native.mjs', import.meta.url))
  const run = (...args: string[]) =>
    JSON.parse(execFileSync(process.execPath, ['--conditions=react-native', child, ...args], { encoding: 'utf8' }))

  it('the react-native condition gives this entry, which needs no global of Node’s', () => {
    expect(run(addonPath, modelFile(vector))).toEqual({
      exports: ['CoreMLError', 'Model', 'compile', 'devices'],
      outputs: [1, 2, 3, 4],
      required: ['../../prebuilds/ios/coreml.node'],
    })
  })

  it('an app without the native part gets a clear error', () => {
    expect(run('none', modelFile(vector))).toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/react-native-node-api/),
    })
  })
})
