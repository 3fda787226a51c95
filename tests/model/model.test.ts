import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { CoreMLError } from '../../src/errors.ts'
import { Model } from '../../src/model/model.ts'
import { fixture } from '../fixtures/read.ts'
import { describing, FakeBackend } from './fake-backend.ts'
import { image, multiArray } from './features.ts'

let backend: FakeBackend
vi.mock('../../src/backends/select.ts', async (original) => ({
  ...(await original<typeof import('../../src/backends/select.ts')>()),
  selectBackend: async (): Promise<Backend> => backend,
}))

const file = fixture('read.ts')
const x = multiArray('x', 'float32', [2])
const y = multiArray('y', 'float32', [3])

beforeEach(() => {
  backend = new FakeBackend(describing({ inputs: [x], outputs: [y] }))
})

/** A promise and the function that settles it. */
function gate(): { promise: Promise<void>; open: () => void } {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

describe('load', () => {
  it('takes paths and file: URLs and hands every option to the backend', async () => {
    await Model.load(pathToFileURL(file), { threads: 2, precision: 'asDeclared', functionName: 'main' })
    expect(backend.loads).toEqual([
      { path: file, options: { computeUnits: 'all', threads: 2, precision: 'asDeclared', functionName: 'main' } },
    ])
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a misspelt option', { computeunits: 'all' }, /no option "computeunits"; did you mean "computeUnits"\?/],
    [
      'an unknown unit',
      { computeUnits: 'npu' },
      /option "computeUnits" must be 'cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all', got 'npu'/,
    ],
    ['an unknown backend', { backend: 'metal' }, /option "backend" must be 'apple', 'portable', got 'metal'/],
    ['a wrong number of threads', { threads: 0 }, /option "threads" must be a positive whole number, got 0/],
    ['a misspelt hint', { optimizationHints: { reshapeFrequenzy: 'frequent' } }, /did you mean "reshapeFrequency"/],
    ['no signal', { signal: {} }, /option "signal" must be an AbortSignal, got a plain object$/],
    ['an array of hints', { optimizationHints: ['frequent'] }, /option "optimizationHints" must be .*, got \['frequent'\]$/],
    ['a name of Object.prototype', { toString: 1 }, /no option "toString"/],
  ])('refuses %s', async (_name, options, message) => {
    await expect(Model.load(file, options)).rejects.toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringMatching(message) })
    expect(backend.loads).toEqual([])
  })

  it.each<[string, unknown, string, RegExp]>([
    ['a missing file', '/no/such/model.mlmodel', 'ERR_FILE', /^no such file or folder: \/no\/such\/model\.mlmodel$/],
    ['an http URL', new URL('http://localhost/m.mlmodel'), 'ERR_ARGUMENT', /not from http:/],
    ['nothing', undefined, 'ERR_ARGUMENT', /first argument must be the path/],
    ['a null character', 'a\0b', 'ERR_FILE', /null character/],
  ])('refuses %s', async (_name, path, code, message) => {
    await expect(Model.load(path as string)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('refuses a unit that is not there, but not "all"', async () => {
    await expect(Model.load(file, { computeUnits: 'cpuAndNeuralEngine' })).rejects.toMatchObject({
      code: 'ERR_COMPUTE_UNIT_UNAVAILABLE',
      message:
        'computeUnits "cpuAndNeuralEngine" is not available with the portable backend on this machine: there is no Neural Engine (usable: cpuOnly, all)',
    })
    expect((await Model.load(file, { computeUnits: 'all' })).computeUnits).toBe('all')
  })

  it('disposes of a model whose load was aborted', async () => {
    const held = gate()
    backend.loadGate = held.promise
    const controller = new AbortController()
    const loading = Model.load(file, { signal: controller.signal })
    await vi.waitFor(() => expect(backend.loads).toHaveLength(1))
    controller.abort()
    held.open()
    await expect(loading).rejects.toMatchObject({ name: 'AbortError' })
    await vi.waitFor(() => expect(backend.disposals).toBe(1))
  })
})

describe('predict', () => {
  it('converts inputs and reaches the backend before it returns', async () => {
    const model = await Model.load(file)
    const data = new Float64Array([1, 2])
    const running = model.predict({ x: data })
    data.fill(0)
    expect(backend.predictions[0]!.inputs).toEqual({ x: { type: 'float32', data: new Float32Array([1, 2]), dims: [2] } })
    expect(await running).toEqual(backend.predictions[0]!.inputs)
  })

  it('refuses misspelt options and foreign states', async () => {
    const model = await Model.load(file)
    await expect(model.predict({ x: [1, 2] }, { sginal: 1 } as never)).rejects.toThrow(/no option "sginal"; did you mean "signal"/)
    await expect(model.predict({ x: [1, 2] }, { state: {} as never })).rejects.toThrow(/option "state" must be a state from newState/)
    await expect(model.predict({ x: [1, 2] }, { background: [1, 2] as never })).rejects.toThrow(/"background" must be three numbers/)
  })

  it('checks the caller’s output arrays', async () => {
    const model = await Model.load(file)
    const predict = (outputs: Record<string, unknown>) => model.predict({ x: [1, 2] }, { outputs: outputs as never })
    await predict({ y: new Float32Array(3) })
    expect(backend.predictions[0]!.options.outputs).toEqual({ y: new Float32Array(3) })
    await expect(predict({ z: new Float32Array(3) })).rejects.toThrow(/no output named "z"; did you mean "y"/)
    await expect(predict({ y: new Float64Array(3) })).rejects.toThrow(/"y" is float32 3, got a Float64Array of 3/)
    await expect(predict({ y: new Float32Array(4) })).rejects.toThrow(/got an array of 4 elements where 3 are needed/)
  })

  it('predictDetailed gives the runtime’s own time', async () => {
    const model = await Model.load(file)
    expect((await model.predictDetailed({ x: [1, 2] }, { intermediates: 'all' })).nativeNanoseconds).toBe(1000)
    expect(backend.predictions[0]!.options.intermediates).toBe('all')
  })

  it('rejects at once when already aborted, without reaching the backend', async () => {
    const model = await Model.load(file)
    const reason = new Error('enough')
    const error = await model.predict({ x: [1, 2] }, { signal: AbortSignal.abort(reason) }).catch((caught) => caught)
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason })
    expect(backend.predictions).toEqual([])
  })

  it('drops the result of a prediction that was aborted while it ran', async () => {
    const model = await Model.load(file)
    const held = gate()
    backend.gate = held.promise
    const controller = new AbortController()
    let settled = false
    const running = model.predict({ x: [1, 2] }, { signal: controller.signal }).finally(() => {
      settled = true
    })
    controller.abort()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(settled).toBe(false)
    held.open()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('passes on the backend’s errors', async () => {
    const model = await Model.load(file)
    backend.failure = new CoreMLError('ERR_PREDICT', 'no memory')
    await expect(model.predict({ x: [1, 2] })).rejects.toBe(backend.failure)
  })
})

describe('predictBatch', () => {
  it('keeps the order and names the element that is wrong', async () => {
    const model = await Model.load(file)
    const results = await model.predictBatch([{ x: [1, 2] }, { x: [3, 4] }])
    expect(results.map((result) => (result.x as { data: Float32Array }).data[0])).toEqual([1, 3])
    await expect(model.predictBatch([{ x: [1, 2] }, { x: [1, 2, 3] }])).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/^element 1 of the batch: input "x"/),
    })
    await expect(model.predictBatch({} as never)).rejects.toThrow(/takes an array/)
    await expect(model.predictBatch([], { state: undefined } as never)).rejects.toThrow(/no option "state"/)
    await expect(model.predictBatch([], { intermediates: 'all' } as never)).rejects.toThrow(/no option "intermediates"/)
    expect(await model.predictBatch([])).toEqual([])
  })

  it('waits for images of any element', async () => {
    backend.description = describing({ inputs: [image('photo', 13, 11)] })
    const model = await Model.load(file)
    const path = fixture('images/rgb8.png')
    const raw = { width: 13, height: 11, data: new Uint8Array(13 * 11 * 4) }
    const results = await model.predictBatch([{ photo: raw }, { photo: path }])
    expect(results).toMatchObject([{ photo: { width: 13 } }, { photo: { height: 11 } }])
    await expect(model.predictBatch([{ photo: raw }, { photo: '/no/file.png' }])).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(/^element 1 of the batch/),
    })
  })
})

describe('state', () => {
  beforeEach(() => {
    backend.description = describing({
      inputs: [x],
      states: [{ type: 'state', name: 'cache', description: '', optional: false, dataType: 'float32', shape: [2] }],
    })
  })

  it('is made at once, read, written and handed to predictions', async () => {
    const model = await Model.load(file)
    const state = model.newState()
    await state.write('cache', [3, 4])
    expect(await state.read('cache')).toEqual({ type: 'float32', data: new Float32Array([3, 4]), dims: [2] })
    await model.predict({ x: [1, 2] }, { state })
    expect(backend.predictions[0]!.options.state).toBe(backend.states[0])
    await expect(state.read('cahce')).rejects.toThrow(/no state named "cahce"; did you mean "cache"/)
    await expect(state.write('cache', [1])).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: expect.stringMatching(/^state "cache": expected float32 state 2/),
    })
  })

  it('belongs to its model and ends with it', async () => {
    const model = await Model.load(file)
    const state = model.newState()
    const same = await Model.load(file)
    await same.predict({ x: [1, 2] }, { state })
    expect(backend.predictions[0]!.options.state).toBe(backend.states[0])
    backend.description = describing({ inputs: [x], states: [{ ...backend.description.states[0]!, shape: [3] }] })
    const other = await Model.load(file)
    const refused = {
      code: 'ERR_ARGUMENT',
      message: expect.stringMatching(/another model, whose states differ: .*"cache" is a float32 state 3$/),
    }
    await expect(other.predict({ x: [1, 2] }, { state })).rejects.toMatchObject(refused)
    backend.description = describing({ inputs: [x] })
    const stateless = await Model.load(file)
    await expect(stateless.predict({ x: [1, 2] }, { state })).rejects.toThrow(/another model, and this one has no states/)
    state.dispose()
    state.dispose()
    expect(backend.states[0]!.disposed).toBe(true)
    await expect(state.read('cache')).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
    const second = model.newState()
    await model.dispose()
    await expect(second.read('cache')).rejects.toMatchObject({ code: 'ERR_DISPOSED', message: expect.stringMatching(/model was disposed/) })
  })

  it('is empty for a model without states', async () => {
    backend.description = describing({ inputs: [x] })
    const model = await Model.load(file)
    const state = model.newState()
    await expect(state.read('cache')).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })
})

describe('dispose', () => {
  it('happens once, and everything else is an error afterwards', async () => {
    const model = await Model.load(file)
    await Promise.all([model.dispose(), model[Symbol.asyncDispose](), model.dispose()])
    expect(backend.disposals).toBe(1)
    expect(model.disposed).toBe(true)
    const disposed = { code: 'ERR_DISPOSED' }
    await expect(model.predict({ x: [1, 2] })).rejects.toMatchObject(disposed)
    await expect(model.predictBatch([])).rejects.toMatchObject(disposed)
    await expect(model.computePlan()).rejects.toMatchObject(disposed)
    await expect(model.runTimed({ x: [1, 2] })).rejects.toMatchObject(disposed)
    expect(() => model.newState()).toThrow(expect.objectContaining(disposed))
    expect(() => model.allocate('x')).toThrow(expect.objectContaining(disposed))
    expect(model.inputs).toHaveLength(1)
  })

  it('waits for predictions whose images are still being read', async () => {
    backend.description = describing({ inputs: [image('photo', 13, 11)] })
    const model = await Model.load(file)
    const photo = fixture('images/rgb8.png')
    let open = () => {}
    backend.gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const running: Promise<unknown>[] = [model.predict({ photo }), model.predictBatch([{ photo }]), model.runTimed({ photo })]
    const failing = expect(model.predict({ photo: fixture('images/none.png') })).rejects.toMatchObject({ code: 'ERR_FILE' })
    const disposal = model.dispose()
    await vi.waitFor(() => expect([backend.predictions, backend.timedRuns].map(({ length }) => length)).toEqual([2, 1]))
    expect(backend.disposals).toBe(0)
    open()
    await Promise.all([...running, failing, disposal])
    expect(backend.disposals).toBe(1)
    await expect(model.predict({ photo })).rejects.toMatchObject({ code: 'ERR_DISPOSED' })
  })
})

it('allocate gives arrays for multiarrays only', async () => {
  backend.description = describing({ inputs: [x, image('photo', 2, 2)], outputs: [y] })
  const model = await Model.load(file)
  expect(model.allocate('y')).toEqual({ type: 'float32', data: new Float32Array(3), dims: [3] })
  expect(() => model.allocate('photo')).toThrow(/only multiarrays can be allocated/)
  expect(() => model.allocate('yy')).toThrow(/no input or output named "yy"; did you mean "y"/)
})

it('runTimed converts one or several inputs and makes one prediction by default', async () => {
  const model = await Model.load(file)
  await model.runTimed({ x: [1, 2] })
  await model.runTimed([{ x: [1, 2] }, { x: [3, 4] }], { durationMilliseconds: 5 })
  await model.runTimed({ x: [1, 2] }, { iterations: 20, block: 10 })
  expect(
    backend.timedRuns.map(({ inputs, options }) => [inputs.length, options.iterations, options.durationMilliseconds, options.block]),
  ).toEqual([
    [1, 1, undefined, undefined],
    [2, undefined, 5, undefined],
    [1, 20, undefined, 10],
  ])
  await expect(model.runTimed({ x: [1, 2] }, { iterations: -1 })).rejects.toThrow(/"iterations" must be a positive whole number/)
  await expect(model.runTimed({ x: [1, 2] }, { block: 0.5 })).rejects.toThrow(/"block" must be a positive whole number/)
})
