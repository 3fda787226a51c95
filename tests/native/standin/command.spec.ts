// The command from end to end on this "Mac", with the apple backend chosen as it would be there: by the platform alone.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PlannedOperation } from '../../../src/backends/backend.ts'
import { compareResult } from '../../../src/measure/result.ts'
import type { Tensor } from '../../../src/model/tensor.ts'
import { decodeNpz } from '../../../src/npy/npz.ts'
import { measuredOf } from '../../measure/helpers/fake.ts'
import { numbers, readArrays } from '../../models/sample.ts'
import { folder } from './models.ts'
import { onStandin, runNode } from './run-node.ts'

const digits = 'models/digits-cnn/digits-cnn.mlpackage'
const lstm = 'models/lstm/lstm.mlpackage'
const seven = ['--input', 'image=models/digits-cnn/examples/7.png']
const cases = ['--inputs', 'models/lstm/expected/inputs.npz']

describe.skipIf(!existsSync('dist/cli/main.js'))('the command on this "Mac" (npm run build makes it)', () => {
  let cache = ''
  beforeAll(() => {
    cache = mkdtempSync(join(folder, 'command-cache-'))
  })
  const cli = async (args: string[], standin = '', env = {}) => {
    const ended = await runNode([...onStandin, 'dist/cli/main.js', ...args], {
      COREML_STANDIN: standin,
      COREML_BRIDGE_CACHE: cache,
      ...env,
    })
    expect(ended.errors).not.toMatch(/Sanitizer|runtime error/)
    return ended
  }
  /** The JSON that it writes, which nothing else may be among, and its exit status. */
  const json = async (args: string[], standin?: string, env?: object) => {
    const { output, status } = await cli([...args, '--json'], standin, env)
    return { status, ...JSON.parse(output) }
  }

  it('predict chooses the apple backend, and its outputs are what Core ML gave', async () => {
    const { status, backend, computeUnits, unitVerified, predictions } = await json(['predict', lstm, ...cases])
    expect({ status, backend, computeUnits, unitVerified }).toEqual({
      status: 0,
      backend: 'apple',
      computeUnits: 'all',
      unitVerified: true,
    })
    // The stand-in's one output of one input is that input, as far as it goes.
    const past = numbers((await readArrays('lstm/expected/inputs.npz')).get('past')!)
    expect(predictions).toHaveLength(11)
    for (const [index, { outputs }] of predictions.entries()) {
      expect(outputs.future).toMatchObject({ type: 'float16', dims: [1, 16] })
      for (const [i, value] of outputs.future.data.entries()) expect(value).toBeCloseTo(past[64 * index + i]!, 2)
    }
  })

  it('predict writes them to a file, and shows them', async () => {
    const out = join(folder, 'outputs.npz')
    const { status, output } = await cli(['predict', lstm, ...cases, '--out', out])
    expect(status).toBe(0)
    expect(output).toMatch(/^lstm\.mlpackage {2}apple backend, all, load [\d.]+ ms/)
    const future = (await decodeNpz(readFileSync(out))).get('future') as Tensor
    expect(future.dims).toEqual([11, 1, 16])
    const past = numbers((await readArrays('lstm/expected/inputs.npz')).get('past')!)
    expect(numbers(future)[16]).toBeCloseTo(past[64]!, 2)
  })

  it.each(['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all'])('predict with --units %s', async (units) => {
    const { status, backend, computeUnits, predictions } = await json(['predict', digits, ...seven, '--units', units])
    expect({ status, backend, computeUnits }).toEqual({ status: 0, backend: 'apple', computeUnits: units })
    expect(predictions[0].top.map(({ label }: { label: string }) => label)).toHaveLength(5)
  })

  it('predict with the portable backend where it is named: the model’s own answer', async () => {
    const { backend, predictions } = await json(['predict', digits, ...seven, '--backend', 'portable'])
    expect(backend).toBe('portable')
    expect(predictions[0].outputs.digit.value).toBe('7')
  })

  it.each([
    ['a unit that is not there', 'osVersion=14 neuralEngine=0', 3, { code: 'ERR_COMPUTE_UNIT_UNAVAILABLE' }],
    ['a load that fails', 'loadError=4', 2, { code: 'ERR_LOAD', domain: 'com.apple.CoreML', nativeCode: 3 }],
    ['a prediction that fails', 'predictError=12', 2, { code: 'ERR_PREDICT', domain: 'com.apple.CoreML', nativeCode: 11 }],
    ['an exception', 'throwFromPredict=1', 2, { code: 'ERR_PREDICT', message: expect.stringContaining('StandinException') }],
  ])('predict says what is wrong: %s', async (_, standin, status, error) => {
    expect(await json(['predict', lstm, ...cases, '--units', 'cpuAndNeuralEngine'], standin)).toMatchObject({ status, error })
  })

  it('devices: the apple backend is the default, with the units of this machine', async () => {
    const all = { cpuOnly: true, cpuAndGPU: true, cpuAndNeuralEngine: true, all: true }
    expect(await json(['devices'])).toMatchObject({
      status: 0,
      defaultBackend: 'apple',
      backends: { apple: { available: true, computeUnits: all } },
    })
    const bare = await json(['devices'], 'osVersion=14 neuralEngine=0 gpu=0')
    expect(bare.backends.apple.computeUnits).toEqual({
      ...all,
      cpuAndGPU: { unavailable: expect.any(String) },
      cpuAndNeuralEngine: { unavailable: expect.any(String) },
    })
  })

  it('cache lists what a prediction compiled, the next one uses it, and clear removes it', async () => {
    const env = { COREML_BRIDGE_CACHE: mkdtempSync(join(folder, 'command-cache-')) }
    const list = async () => (await json(['cache', 'list'], '', env)).entries.map(({ name }: { name: string }) => name)
    expect(await list()).toEqual([])
    const compile = async () => (await json(['predict', lstm, ...cases], '', env)).loadMilliseconds.compile
    expect(await compile()).toEqual(expect.any(Number))
    expect(await list()).toEqual(['lstm.mlpackage'])
    expect(await compile()).toEqual({ unavailable: expect.stringContaining('was there already') })
    expect((await cli(['cache', 'clear'], '', env)).status).toBe(0)
    expect(await list()).toEqual([])
  })

  it('inspect reads the file itself, profile measures the portable backend: neither asks Core ML', async () => {
    // Whatever would load or predict with Core ML fails.
    const broken = 'loadError=4 throwFromPredict=1 throwFromCompile=1'
    const { status, functions } = await json(['inspect', digits], broken)
    expect(status).toBe(0)
    expect(functions[0].inputs).toMatchObject([{ name: 'image', type: 'image', width: 28, height: 28 }])
    const profile = await json(['profile', lstm, '--iterations', '2'], broken)
    expect(profile).toMatchObject({ status: 0, backend: 'portable', predictions: 2 })
    expect(await json(['profile', lstm, '--backend', 'apple'])).toMatchObject({ status: 2, error: { code: 'ERR_ARGUMENT' } })
  })

  it('compare measures units with Core ML, each in a process of its own, and sees that the outputs are no inference', async () => {
    const options = ['--units', 'cpuOnly,cpuAndNeuralEngine', '--duration', '100ms', '--seed', '5']
    const { status, output, errors } = await cli(['compare', lstm, ...options, '--json'], 'predictMicroseconds=200 loadMilliseconds=30')
    const result = compareResult.parse(JSON.parse(output))
    expect(result.protocol).toMatchObject({ backend: 'apple', seed: 5, qualityOfService: { value: 'userInitiated' } })
    const shares: Record<string, number> = {}
    for (const units of ['cpuOnly', 'cpuAndNeuralEngine'] as const) {
      const unit = measuredOf(result, units)
      expect(unit.backend).toBe('apple')
      for (const phase of ['compile', 'coldLoad', 'cachedLoad', 'firstPrediction'] as const)
        expect(unit.phases[phase]).toHaveProperty('value')
      expect('value' in unit.phases.coldLoad && unit.phases.coldLoad.value).toBeGreaterThanOrEqual(30)
      // Milliseconds; its own call takes no less than it was told to.
      expect(unit.steady.median.value).toBeGreaterThanOrEqual(0.2)
      expect(unit.energy).toHaveProperty('rails')
      expect(unit.accuracy).toMatchObject({ status: 'checked', passed: false, reference: 'stored', samples: 11 })
      if ('unavailable' in unit.placement) throw new Error(unit.placement.unavailable)
      const devices = unit.placement.perOperation.map(({ preferred }: Pick<PlannedOperation, 'preferred'>) => preferred)
      shares[units] = devices.filter((device) => device === 'neuralEngine').length
    }
    expect(shares.cpuOnly).toBe(0)
    expect(shares.cpuAndNeuralEngine).toBeGreaterThan(0)
    expect(status).toBe(1)
    expect(errors).toContain('failed: lstm: outputs of cpuAndNeuralEngine: WRONG')
    const [file, page] = [join(folder, 'compared.json'), join(folder, 'compared.html')]
    writeFileSync(file, output)
    expect((await cli(['report', file, '-o', page])).status).toBe(0)
    expect(readFileSync(page, 'utf8')).toContain('cpuAndNeuralEngine')
  })

  it('compare of a unit that is not there is refused', async () => {
    const compared = await json(['compare', lstm, '--units', 'cpuAndNeuralEngine'], 'osVersion=14 neuralEngine=0')
    expect(compared).toMatchObject({ status: 3, error: { code: 'ERR_COMPUTE_UNIT_UNAVAILABLE' } })
  })
})
