import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Model, type Tensor } from '../../src/index.ts'
import { toNumbers } from '../../src/model/convert.ts'
import { arraysOfFixture, fixture } from '../fixtures/read.ts'

/** What scripts/networks/make.py writes beside the models. */
interface Card {
  states: boolean
  precisions: Record<string, { model: string; expected: string; least: number; run?: 'asDeclared' }>
}

const card = (name: string): Card => JSON.parse(readFileSync(fixture(`networks/${name}/card.json`), 'utf8'))

const networks = readdirSync(fixture('networks')).map((name) => ({ name, ...card(name) }))
const runs = networks.flatMap(({ name, states, precisions }) =>
  Object.entries(precisions).map(([precision, run]) => ({ name, states, precision, ...run })),
)

/** Arrays of a file by case, by feature: they are stored as `case<i>/<feature>`. */
async function casesOf(file: string): Promise<Record<string, Tensor>[]> {
  const cases: Record<string, Tensor>[] = []
  for (const [path, array] of await arraysOfFixture(`networks/${file}`)) {
    const [, index, feature] = /^case(\d+)\/(.+)$/.exec(path)!
    cases[Number(index)] = { ...cases[Number(index)], [feature!]: array as Tensor }
  }
  return cases
}

const largestOf = (values: ArrayLike<number>) => Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/** Peak signal-to-noise ratio in dB; the peak is the largest magnitude expected. */
function psnr(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  const squares = Array.from(expected).reduce((sum, value, i) => sum + (value - actual[i]!) ** 2, 0)
  return 20 * Math.log10(largestOf(expected)) - 10 * Math.log10(squares / expected.length)
}

describe('networks of torchvision and Hugging Face, and what torch computes for them', () => {
  test.each(runs)('$name in $precision', async ({ name, states, model: file, expected: results, least, run }) => {
    const model = await Model.load(fixture(`networks/${name}/${file}`), { backend: 'portable', precision: run })
    try {
      const state = states ? model.newState() : undefined
      const expected = await casesOf(`${name}/${results}`)
      for (const [index, inputs] of (await casesOf(`${name}/inputs.npz`)).entries()) {
        const outputs: Record<string, unknown> = await model.predict(inputs, { state })
        expect(Object.keys(outputs).sort()).toEqual(Object.keys(expected[index]!).sort())
        for (const [output, tensor] of Object.entries(expected[index]!)) {
          const actual = outputs[output] as Tensor
          expect(actual.dims, output).toEqual(tensor.dims)
          const figure = psnr(toNumbers(tensor.data, tensor.type), toNumbers(actual.data, actual.type))
          expect(figure, `PSNR of ${output} of case ${index}`).toBeGreaterThanOrEqual(least)
        }
      }
    } finally {
      await model.dispose()
    }
  })
})
