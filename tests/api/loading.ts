import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { allComputeUnits, type LoadPhase } from '../../src/backends/backend.ts'
import { importBackend } from '../../src/backends/select.ts'
import { type ApiHost, alike, file, models, numbersOf, past, withModel } from './host.ts'

/** Names in the temporary folder and in the folders there that have a part of this name. */
function traces(name: string): string[] {
  const found: string[] = []
  for (const entry of readdirSync(tmpdir(), { withFileTypes: true })) {
    if (entry.name.includes(name)) found.push(entry.name)
    if (!entry.isDirectory()) continue
    try {
      found.push(...readdirSync(join(tmpdir(), entry.name)).filter((inner) => inner.includes(name)))
    } catch {
      // Another program's, or gone by now.
    }
  }
  return found
}

export function loading(host: ApiHost): void {
  describe('loading', () => {
    it('from a path, a file: URL, and of a model in memory: the same model', async () => {
      const sources = [models.lstm, pathToFileURL(models.lstm)]
      const inMemory = {
        specification: readFileSync(join(models.lstm, 'Data/com.apple.CoreML/model.mlmodel')),
        weights: { 'weights/weight.bin': readFileSync(join(models.lstm, 'Data/com.apple.CoreML/weights/weight.bin')) },
      }
      const [first, ...others] = await Promise.all(
        [...sources, ...(host.hasStates ? [inMemory] : [])].map((source) =>
          withModel(host, source, async (model) => numbersOf(await model.predict(past(1)), 'future')),
        ),
      )
      for (const other of others) expect(alike(first!, other)).toBe(true)
      await withModel(host, readFileSync(models.trees), async (model) => {
        expect(model.classLabels).toEqual(['vine A', 'vine B', 'vine C'])
        expect(Object.keys(await model.predict({ analysis: new Float64Array(13) })).sort()).toEqual(['probabilities', 'vine'])
      })
    })

    it('tells its progress', async () => {
      const phases: LoadPhase[] = []
      await withModel(host, models.lstm, async () => expect(phases.at(-1)).toBe('loading'), { onProgress: (phase) => phases.push(phase) })
    })

    it('for each compute unit that is there; for another it is an error, and nothing else is used in its place', async () => {
      const units = await (await importBackend(host.backend)).computeUnits()
      expect(units.all).toBe(true)
      expect(units.cpuOnly).toBe(true)
      if (host.units) expect(allComputeUnits.filter((name) => units[name] === true)).toEqual(host.units)
      for (const computeUnits of allComputeUnits) {
        if (units[computeUnits] === true)
          await withModel(host, models.lstm, async (model) => expect((await model.predict(past(0))).future).toBeDefined(), { computeUnits })
        else await expect(host.load(models.lstm, { computeUnits })).rejects.toMatchObject({ code: 'ERR_COMPUTE_UNIT_UNAVAILABLE' })
      }
    })

    it.each<[string, string, string, object]>([
      ['a missing file', file('models/no-such.mlpackage'), 'ERR_FILE', {}],
      ['a unit of another name', models.lstm, 'ERR_ARGUMENT', { computeUnits: 'npu' }],
      ['a misspelt option', models.lstm, 'ERR_ARGUMENT', { computeUnit: 'all' }],
      ['an http: URL', 'http', 'ERR_ARGUMENT', {}],
    ])('refuses %s', async (_, path, code, options) => {
      const source = path === 'http' ? new URL('http://localhost/model.mlmodel') : path
      await expect(host.load(source, options)).rejects.toMatchObject({ name: 'CoreMLError', code })
    })

    it.runIf(host.hasStates)('of a function by its name', async () => {
      for (const [functionName, shape] of [
        ['prefill', [3]],
        ['decode', [1]],
      ] as const)
        await withModel(host, models.functions, async ({ inputs }) => expect(inputs[0]).toMatchObject({ shape }), { functionName })
      await expect(host.load(models.functions, { functionName: 'encode' })).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) })
    })

    it('leaves nothing of the model in the temporary folder', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'coreml-api-'))
      const name = `left-behind-${basename(folder)}`
      try {
        const copy = join(folder, `${name}.mlpackage`)
        cpSync(models.lstm, copy, { recursive: true })
        await withModel(host, copy, (model) => model.predict(past(0)))
        expect(traces(name)).toEqual([`${name}.mlpackage`])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  })
}
