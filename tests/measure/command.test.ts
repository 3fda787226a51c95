import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CompareResult, compareResult } from '../../src/measure/result.ts'
import { cli } from '../cli/run.ts'
import { macResult } from '../report/fixture.ts'
import { measuredOf } from './helpers/fake.ts'

/** The command over the portable backend, for real, on the sample models. */

const lstm = 'models/lstm/lstm.mlpackage'
const backend = ['--backend', 'portable']
const quick = [...backend, '--duration', '300ms']
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
    writeFileSync(copy, readFileSync(new URL('../../models/trees/trees.mlmodel', import.meta.url)))
    const { stdout, status } = await cli(['compare', copy, ...quick])
    expect(stdout).toContain('outputs not checked')
    expect(stdout).not.toMatch(/\bright\b|✓/)
    expect(status).toBe(0)
  })

  test('wrong expected outputs fail with status 1 and name the output', async () => {
    // The inputs serve as expected outputs, which they are not.
    const { stdout, stderr, status } = await cli([
      'compare',
      'models/trees/trees.mlmodel',
      ...quick,
      '--inputs',
      'models/trees/expected/inputs.npz',
      '--expected',
      'models/trees/heldout.npz',
    ])
    expect(`${stdout}${stderr}`).toMatch(/WRONG|names no output|holds no array/)
    expect([1, 2]).toContain(status)
  })

  test('--seed repeats the inputs, --iterations sets the count', async () => {
    const args = [lstm, ...backend, '--iterations', '40', '--seed', '5']
    const unit = measuredOf(await compared(args), 'cpuOnly')
    expect(unit.steady.blocks.map(({ samples }) => samples.length)).toEqual(new Array(10).fill(4))
  })

  test('gates: a condition that holds fails, one that does not passes', async () => {
    const hold = await cli(['compare', lstm, ...quick, '--fail-if', 'cpuOnly.steady.median > 1ns'])
    expect(hold.status).toBe(1)
    expect(hold.stderr).toContain('failed: lstm: cpuOnly.steady.median > 1ns: it is')
    const pass = await cli(['compare', lstm, ...quick, '--fail-if', 'cpuOnly.steady.median > 1m'])
    expect(pass.status).toBe(0)
  })

  test('a baseline of five runs: the same model passes, a model said to have been ten times as fast fails', async () => {
    const file = path.join(folder, 'baseline.json')
    const baseline = await compared([lstm, ...quick, '--runs', '5'])
    writeFileSync(file, JSON.stringify(baseline))
    const same = await cli(['compare', lstm, ...quick, '--baseline', file, '--max-slowdown', '900%'])
    expect(same.stderr).not.toContain('failed')
    expect(same.status).toBe(0)
    for (const block of measuredOf(baseline, 'cpuOnly').steady.blocks) block.median /= 10
    writeFileSync(file, JSON.stringify(baseline))
    const slower = await cli(['compare', lstm, ...quick, '--baseline', file, '--max-slowdown', '10%'])
    expect(slower.status).toBe(1)
    expect(slower.stderr).toContain('failed: lstm: cpuOnly at most 10 % slower than the baseline')
  })

  test.each([
    [['no-such.mlmodel'], 2, 'ERR_FILE'],
    [[lstm, '--units', 'cpuAndNeuralEngine'], 3, 'ERR_COMPUTE_UNIT_UNAVAILABLE'],
    [[lstm, '--duration', 'soon'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--fail-if', 'nonsense'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--max-slowdown', '10%'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--csv', '--markdown'], 2, 'ERR_ARGUMENT'],
    [[lstm, '--baseline', 'no-such.json'], 2, 'ERR_FILE'],
    [[lstm, '--expected', 'no-such.npz'], 2, 'ERR_FILE'],
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
})

test('chips lists the catalogue', async () => {
  const { stdout, status } = await cli(['chips', '--json'])
  expect(status).toBe(0)
  expect(JSON.parse(stdout).chips.find(({ name }: { name: string }) => name === 'M4')).toMatchObject({ tops: 38, topsPrecision: 'int8' })
})
