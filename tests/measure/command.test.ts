import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type CompareResult, compareResult } from '../../src/measure/result.ts'
import { decodeNpz, encodeNpz } from '../../src/npy/npz.ts'
import { cli, main, project } from '../cli/run.ts'
import { macResult } from '../report/fixture.ts'
import { measuredOf } from './helpers/fake.ts'

/** The command over the portable backend, for real, on the sample models. */

const lstm = 'models/lstm/lstm.mlpackage'
const backend = ['--backend', 'portable']
/** The sample that loads fastest. */
const trees = 'models/trees/trees.mlmodel'
const quick = [...backend, '--duration', '300ms']
vi.setConfig({ testTimeout: 120_000 })
let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-command-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function compared(args: readonly string[]): Promise<CompareResult> {
  const { stdout, stderr, status } = await cli(['compare', ...args, '--json'])
  expect(stderr.replaceAll(/^.* …\n/gm, '')).toBe('')
  expect(status).toBe(0)
  return compareResult.parse(JSON.parse(stdout))
}

describe('compare', () => {
  test('a default run of a small model ends within 20 s, with everything that applies here and reasons for the rest', async () => {
    const result = await compared([lstm, ...backend])
    expect(result.protocol.durationMilliseconds).toBeLessThan(20_000)
    const unit = measuredOf(result, 'cpuOnly')
    expect(unit.steady.blocks).toHaveLength(10)
    expect(unit.steady.warmUpPredictions).toBeGreaterThanOrEqual(10)
    expect(unit.steady.median.interval).not.toBeNull()
    for (const name of ['coldLoad', 'cachedLoad', 'firstPrediction', 'afterIdle'] as const)
      expect(unit.phases[name]).toHaveProperty('value')
    expect(unit.javascriptOverhead).toHaveProperty('value')
    expect(unit.batch.perSecond).toHaveProperty('value')
    expect(unit.peakMemory).toHaveProperty('value')
    // torch's own outputs, stored beside the model.
    expect(unit.accuracy).toMatchObject({ status: 'checked', passed: true, reference: 'stored', samples: 11 })
    expect(unit.energy).toHaveProperty('unavailable')
    expect(unit.placement).toHaveProperty('unavailable')
    expect(unit.evidence.strength).toBe('none')
    const missing = result.models[0]!.units.filter(({ status }) => status === 'unavailable').map(({ units }) => units)
    expect(missing).toEqual(['cpuAndGPU', 'cpuAndNeuralEngine', 'all'])
  })

  test('a model alone is never called right by its own backend', async () => {
    const copy = path.join(folder, 'alone.mlmodel')
    copyFileSync(trees, copy)
    const { stdout, status } = await cli(['compare', copy, ...quick])
    expect(stdout).toContain('outputs not checked')
    expect(stdout).not.toMatch(/\bright\b|✓/)
    expect(status).toBe(0)
  })

  test('wrong expected outputs fail with status 1 and name the output', async () => {
    const expected = await decodeNpz(readFileSync(new URL('../../models/trees/expected/outputs.npz', import.meta.url)))
    const probabilities = expected.get('probabilities') as { data: Float64Array }
    probabilities.data[0]! += 0.1
    const file = path.join(folder, 'wrong.npz')
    writeFileSync(file, await encodeNpz(expected))
    const { stdout, stderr, status } = await cli([
      'compare',
      trees,
      ...quick,
      '--inputs',
      'models/trees/expected/inputs.npz',
      '--expected',
      file,
    ])
    expect(stdout).toMatch(/WRONG: probabilities: PSNR is \d+\.\d dB, below 40 dB/)
    expect(stderr).toContain('failed: trees: outputs of cpuOnly')
    expect(status).toBe(1)
  })

  test('mistakes are told before anything is measured', async () => {
    const inputs = await decodeNpz(readFileSync(new URL('../../models/trees/expected/inputs.npz', import.meta.url)))
    const analysis = inputs.get('analysis') as { type: 'float32'; data: Float32Array; dims: number[] }
    const [count, width] = analysis.dims as [number, number]
    const fewer = { ...analysis, data: analysis.data.slice(0, 3 * width), dims: [3, width] }
    const file = path.join(folder, 'three.npz')
    writeFileSync(file, await encodeNpz(new Map([['analysis', fewer]])))
    const other = path.join(folder, 'other-machine.json')
    writeFileSync(other, JSON.stringify(macResult()))
    for (const [args, message] of [
      [['--inputs', file, '--expected', 'models/trees/expected/outputs.npz'], `numbers of cases differ: ${count} of expected outputs`],
      [['no-such.mlmodel'], 'no such file or folder: no-such.mlmodel'],
      [['--baseline', other], 'the baseline is of another machine'],
    ] as const) {
      // An hour, of which nothing is seen.
      const { stdout, stderr, status } = await cli(['compare', trees, ...args, ...backend, '--duration', '60m'])
      expect(stderr).toContain(message)
      expect(stdout).toBe('')
      expect(status).toBe(2)
    }
  })

  test('--seed and --iterations are kept', async () => {
    const result = await compared([trees, ...backend, '--iterations', '40', '--seed', '5'])
    expect(measuredOf(result, 'cpuOnly').steady.blocks.map(({ samples }) => samples.length)).toEqual(new Array(10).fill(4))
    expect(result.protocol.seed).toBe(5)
  })

  test('gates: a condition that holds fails, one that does not passes', async () => {
    const hold = await cli([
      'compare',
      trees,
      ...quick,
      '--json',
      '--fail-if',
      'cpuOnly.steady.median > 1ns',
      '--fail-if',
      'cpuOnly.steady.median > 1m',
    ])
    expect(hold.status).toBe(1)
    expect(hold.stderr.match(/^failed: .*/gm)).toEqual([expect.stringMatching(/^failed: trees: cpuOnly.steady.median > 1ns: it is /)])
    const { failures } = compareResult.parse(JSON.parse(hold.stdout))
    expect(failures).toEqual([{ model: 'trees', gate: 'cpuOnly.steady.median > 1ns', reason: expect.stringMatching(/^it is \d+ ns$/) }])
  })

  test('a baseline of five runs: not slower passes, ten times as slow fails', async () => {
    const file = path.join(folder, 'baseline.json')
    const baseline = await compared([trees, ...quick])
    const { blocks } = measuredOf(baseline, 'cpuOnly').steady
    // Blocks stand in for processes here: what counts as slower is tested in gate.test.ts.
    for (const [i, block] of blocks.entries()) block.run = i % 5
    const against = async (factor: number) => {
      for (const block of blocks) block.median *= factor
      writeFileSync(file, JSON.stringify(baseline))
      return cli(['compare', trees, ...quick, '--runs', '1', '--baseline', file, '--max-slowdown', '10%'])
    }
    const same = await against(10)
    expect(same.stderr).not.toContain('failed')
    expect(same.status).toBe(0)
    const slower = await against(1 / 100)
    expect(slower.status).toBe(1)
    expect(slower.stderr).toContain('failed: trees: cpuOnly at most 10 % slower than the baseline')
  })

  test.each([
    [['no-such.mlmodel'], 2, 'ERR_FILE'],
    [[lstm, '--units', 'cpuAndNeuralEngine'], 3, 'ERR_COMPUTE_UNIT_UNAVAILABLE'],
    [[lstm, '--duration', 'soon'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--fail-if', 'nonsense'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--fail-if', 'cpuOnly.steady.average > 5ms'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--max-slowdown', '10%'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--csv', '--markdown'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--size', 'heavy'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--baseline', 'no-such.json'], 2, 'ERR_FILE'],
    [[lstm, '--expected', 'no-such.npz'], 2, 'ERR_FILE'],
    [['package.json'], 2, 'ERR_MODEL_INVALID'],
  ])('%j ends with status %d, %s', async (args, status, code) => {
    const result = await cli(['compare', ...args, ...backend])
    expect(result.stderr.replaceAll(/^.* …\n/gm, '')).toMatch(new RegExp(`^coreml-bridge: .+ \\(${code}\\)\\n$`))
    expect(result.status).toBe(status)
  })
})

describe('report', () => {
  test('writes one page from results of several machines', async () => {
    const files = [macResult(), macResult({ chip: 'M1' })].map((result, i) => {
      const file = path.join(folder, `mac${i}.json`)
      writeFileSync(file, JSON.stringify(result))
      return file
    })
    const page = path.join(folder, 'page.html')
    const { status, stdout } = await cli(['report', ...files, '-o', page])
    expect(status).toBe(0)
    expect(stdout).toMatch(/page\.html: 2 results, \d+ kB/)
    expect(readFileSync(page, 'utf8')).toContain('Apple M1, 2026-11-20')
  })
  test('refuses what is no result', async () => {
    const { status, stderr } = await cli(['report', 'package.json', '-o', path.join(folder, 'no.html')])
    expect(status).toBe(2)
    expect(stderr).toContain('package.json is no result of compare --json')
  })
  test('refuses to write the page and JSON into one stream', async () => {
    const { status, stdout } = await cli(['report', 'package.json', '-o', '-', '--json'])
    expect(status).toBe(2)
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'ERR_ARGUMENT', message: expect.stringContaining('standard output') })
  })
})

test('chips lists the catalogue', async () => {
  const { stdout, status } = await cli(['chips', '--json'])
  expect(status).toBe(0)
  expect(JSON.parse(stdout).chips.find(({ name }: { name: string }) => name === 'M4')).toMatchObject({ tops: 38, topsPrecision: 'int8' })
})

test('a gate fails where nobody reads the result, too', async () => {
  const child = spawn(process.execPath, [main, 'compare', trees, ...quick, '--fail-if', 'cpuOnly.steady.median > 1ns'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.destroy()
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1)
})

describe('compare --find-divergence', () => {
  test.each([
    [['--fail-if', 'cpuOnly.steady.median > 5ms', '--baseline', 'old.json'], /takes no --baseline, --fail-if/],
    [['--inputs', 'cases.npz'], /takes no --inputs/],
    [['--units', 'cpuOnly,all'], /one compute unit/],
    [['--backend', 'apple'], /portable backend/],
  ])('refuses %j', async (options, message) => {
    const { status, stderr } = await cli(['compare', lstm, '--find-divergence', ...options])
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })

  test('runs on the unit that is named', async () => {
    const { status, stdout } = await cli(['compare', lstm, '--find-divergence', '--units', 'cpuOnly', '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, first: null })
  })

  test.each([
    ['tripled', /"squared" is the first to part, after 1 that agree/, /squared +-?\d+\.\d dB {2}max error/],
    ['doubled', /"squared" is the first to part, after 1 that agree/, /squared +shape \[4\] against \[8\]/],
  ])('names the op by which %s parts, and fails', async (name, first, line) => {
    const [reference, other] = ['overflow', name].map((each) => `tests/fixtures/divergence/${each}.mlpackage`)
    const { status, stdout } = await cli(['compare', reference!, other!, '--find-divergence', ...backend])
    expect(stdout).toMatch(first)
    expect(stdout).toMatch(line)
    expect(status).toBe(1)
  })

  test('refuses a unit that the backend has not', async () => {
    const refused = await cli(['compare', lstm, lstm, '--find-divergence', '--backend', 'portable', '--units', 'cpuAndNeuralEngine'])
    expect(refused.status).toBe(3)
  })
})
