import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { portableBackend } from '../../src/backends/portable/backend.ts'
import { compareOutputs } from '../../src/measure/accuracy.ts'
import { families } from '../../src/measure/heavy/families.ts'
import { heavyModels, makeModel } from '../../src/measure/heavy/heavy-models.ts'
import { fromNumbers } from '../../src/model/convert.ts'
import type { Features } from '../../src/model/values.ts'

/** Written by heavy_fixture.py: torch's outputs for the tiny form of each family, three cases each (steps of one sequence for the decoder). */
type Cases = { inputs: Record<string, number[]>; outputs: Record<string, number[]> }[]
const torch = JSON.parse(readFileSync(new URL('heavy.json', import.meta.url), 'utf8')) as Record<string, Cases>

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-heavy-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('an interrupted making of the heavy models ends after the one under way, which is whole', async () => {
  const place = path.join(folder, 'interrupted')
  const controller = new AbortController()
  const making = heavyModels({ folder: place, signal: controller.signal, onProgress: () => controller.abort() })
  await expect(making).rejects.toMatchObject({ name: 'AbortError' })
  expect(readdirSync(place)).toEqual([`${families[0]!.name}.mlpackage`])
})

test('torch has computed every family', () => {
  expect(Object.keys(torch).sort()).toEqual(families.map(({ name }) => name).sort())
})

test.each(families.map((family) => [family.name, family] as const))(
  '%s: the written program computes what torch computes',
  async (name, family) => {
    const file = path.join(folder, `${name}.mlpackage`)
    await makeModel(family, 'tiny', file)
    const model = await portableBackend.load(file, { computeUnits: 'cpuOnly', precision: 'float32' })
    try {
      const { description } = model
      const state = description.states.length > 0 ? model.newState() : undefined
      const outputs: Features[] = []
      for (const { inputs } of torch[name]!) {
        const features: Features = {}
        for (const feature of description.inputs) {
          if (feature.type !== 'multiArray') throw new Error(feature.type)
          features[feature.name] = {
            type: feature.dataType,
            data: fromNumbers(inputs[feature.name]!, feature.dataType),
            dims: feature.shape,
          }
        }
        outputs.push((await model.predict(features, { state })).outputs)
      }
      const expected = torch[name]!.map((one) =>
        Object.fromEntries(
          Object.entries(one.outputs).map(([key, values]) => [
            key,
            { type: 'float32' as const, data: Float32Array.from(values), dims: [values.length] },
          ]),
        ),
      )
      // Half-precision outputs against float32: 2^-11 of the largest value is 66 dB.
      const compared = compareOutputs(description, expected, outputs, { psnr: 60 })
      expect(compared.map(({ name: output, passed, note }) => ({ output, passed, note }))).toEqual(
        description.outputs.map(({ name: output }) => ({ output, passed: true, note: null })),
      )
    } finally {
      await model.dispose()
    }
  },
)
