import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ArrayFeatureType, openModel, writeModel } from '../../src/format/index.ts'
import type { Tensor } from '../../src/model/tensor.ts'
import { decodeNpz } from '../../src/npy/npz.ts'
import { cli, main, project } from './run.ts'

const digits = 'models/digits-cnn/digits-cnn.mlpackage'
const trees = 'models/trees/trees.mlmodel'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-predict-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The JSON of a run that must succeed. */
async function json(...args: string[]) {
  const { status, stdout, stderr } = await cli([...args, '--json'])
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

describe('predict on images', () => {
  it('says which digit it is, with the five likeliest', async () => {
    const { status, stdout } = await cli(['predict', digits, '--input', 'image=models/digits-cnn/examples/7.png'])
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^digits-cnn\.mlpackage {2}(?:portable backend \(CPU\)|apple backend, all), load [\d.]+ ms, prediction [\d.]+ ms\n\ndigit +7\n {2}1 {2}7 +\d+\.\d\d %\n( {2}[2-5] {2}\d +\d+\.\d\d %\n){4}$/,
    )
  })

  it.each(['digits-cnn.mlpackage', 'digits-cnn.mlmodel'])('%s reads at least 97 of 100 held-out digits', async (model) => {
    const heldOut = 'models/digits-cnn/heldout.npz'
    const labels = (await decodeNpz(await readFile(join(project, heldOut)))).get('label') as Tensor
    const { predictions } = await json('predict', `models/digits-cnn/${model}`, '--inputs', heldOut)
    expect(predictions.length).toBe(labels.data.length)
    expect(predictions.length).toBeGreaterThanOrEqual(100)
    const right = predictions.filter(
      ({ outputs }: { outputs: { digit: { value: string } } }, i: number) => outputs.digit.value === String(labels.data[i]),
    )
    expect(right.length / predictions.length).toBeGreaterThanOrEqual(0.97)
  })
})

describe('predict --json', () => {
  it('has the documented form', async () => {
    const result = await json(
      'predict',
      digits,
      '--input',
      'image=models/digits-cnn/examples/3.png',
      '--backend',
      'portable',
      '--units',
      'cpuOnly',
    )
    expect(result).toMatchObject({
      schemaVersion: 1,
      model: digits,
      backend: 'portable',
      computeUnits: 'cpuOnly',
      unitVerified: true,
      loadMilliseconds: { compile: { unavailable: expect.any(String) }, load: expect.any(Number) },
      predictions: [
        { milliseconds: expect.any(Number), outputs: { digit: { kind: 'string', value: '3' }, probabilities: { kind: 'dictionary' } } },
      ],
    })
    const [{ outputs, top }] = result.predictions
    expect(outputs.probabilities.entries).toHaveLength(10)
    const sum = outputs.probabilities.entries.reduce((total: number, [, value]: [string, number]) => total + value, 0)
    expect(sum).toBeCloseTo(1, 2)
    expect(top).toHaveLength(5)
    expect(top[0].label).toBe('3')
  })
})

describe('predict --out', () => {
  it('holds the same values as the JSON, stacked over the cases', async () => {
    const out = join(folder, 'outputs.npz')
    const { predictions } = await json('predict', trees, '--inputs', 'models/trees/expected/inputs.npz', '--out', out)
    const arrays = await decodeNpz(await readFile(out))
    const label = Object.entries(predictions[0].outputs as Record<string, { kind: string }>).find(([, { kind }]) => kind === 'string')![0]
    expect(arrays.get(label)).toEqual({
      type: 'string',
      data: predictions.map(({ outputs }: { outputs: Record<string, { value: string }> }) => outputs[label]!.value),
      dims: [predictions.length],
    })
  })
})

describe('several inputs', () => {
  it('from the command line and from files', async () => {
    const { inputs } = (await json('inspect', trees)).functions[0]
    const values = Object.fromEntries(
      inputs.map(({ name, shape }: { name: string; shape?: number[] }) => [name, shape?.length ? Array(shape[0]).fill(1) : 1]),
    )
    const path = join(folder, 'inputs.json')
    await writeFile(path, JSON.stringify(values))
    const fromFile = await json('predict', trees, '--inputs', path)
    const fromArguments = await json(
      'predict',
      trees,
      ...Object.entries(values).flatMap(([name, value]) => ['--input', `${name}=${value}`]),
    )
    expect(fromArguments.predictions[0].outputs).toEqual(fromFile.predictions[0].outputs)
  })
})

it('shows inputs, outputs and weights of a model', async () => {
  const { status, stdout } = await cli(['inspect', digits])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^type +mlProgram$/m)
  expect(stdout).toMatch(/^inputs +image {2}gray image 28×28/m)
  expect(stdout).toMatch(/^outputs +digit +string {2}\(predicted label/m)
  expect(stdout).toMatch(/^operations +\d+: conv 3, /m)
  expect(stdout).toMatch(/fp16: \d+ tensors/)
})

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5])(
  'inspect --json tells the default value %d',
  async (value) => {
    const file = await openModel(join(project, 'tests/fixtures/nn/optional-default.mlmodel'))
    const { type } = file.spec.description!.input[1]!
    const array = type!.type.value as ArrayFeatureType
    array.defaultOptionalValue = { case: 'floatDefaultValue', value }
    const path = join(folder, `default-${value}.mlmodel`)
    await writeModel(file, path)
    await file.close()
    const { inputs } = (await json('inspect', path)).functions[0]
    expect(inputs[1].defaultValue).toBe(Number.isFinite(value) ? value : String(value))
  },
)

it('a reader that has seen enough is no error', async () => {
  const child = spawn(process.execPath, [main, 'predict', digits, '--inputs', 'models/digits-cnn/heldout.npz', '--json'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (part) => {
    stderr += part
  })
  child.stdout.destroy()
  const status = await new Promise((resolve) => child.on('close', resolve))
  expect(stderr).not.toMatch(/EPIPE|Error/)
  expect(status).toBe(0)
})

it.skipIf(!existsSync('/dev/full'))('an output that cannot be written is an error, but for its own messages', async () => {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [main, 'chips'], { stdio: ['ignore', full, 'pipe'] })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (part) => {
    stderr += part
  })
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(2)
  expect(stderr).toMatch(/^coreml-bridge: cannot write to standard output: ENOSPC.* \(ERR_FILE\)\n$/)
  const silent = spawn(process.execPath, [main, 'inspect', 'nothing.mlmodel'], { stdio: ['ignore', 'ignore', full] })
  expect(await new Promise((resolve) => silent.on('close', resolve))).toBe(2)
  const broken = spawn(process.execPath, [main, 'inspect', 'nothing.mlmodel'], { stdio: ['ignore', 'ignore', 'pipe'] })
  broken.stderr?.destroy()
  expect(await new Promise((resolve) => broken.on('close', resolve))).toBe(2)
  closeSync(full)
})

it.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a long run in order, with status 130',
  async (signal) => {
    const path = join(folder, 'many.json')
    const { inputs } = (await json('inspect', trees)).functions[0]
    const one = Object.fromEntries(
      inputs.map(({ name, shape }: { name: string; shape?: number[] }) => [name, shape?.length ? Array(shape[0]).fill(1) : 1]),
    )
    await writeFile(path, JSON.stringify(Array(300_000).fill(one)))
    const child = spawn(process.execPath, [main, 'predict', trees, '--inputs', path], { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (part) => {
      // The first word of progress: the signal handler is in place.
      if (stderr === '') child.kill(signal)
      stderr += part
    })
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect(stderr).toMatch(/^coreml-bridge: interrupted \(ABORT_ERR\)$/m)
    expect(status).toBe(130)
  },
)
