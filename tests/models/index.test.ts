import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Card, modelFile, readArrays, readJson, samples } from './sample.ts'

/** Bytes of a file, or of all files in a folder. */
function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

describe('models/', () => {
  it('has a sample of each family', () => {
    const families = new Set(samples.map((sample) => sample.family))
    expect([...families].sort()).toEqual(['cnn', 'decoder', 'detector', 'diffusion', 'lstm', 'rnn', 'transformer', 'tree ensemble'])
  })

  it('stays small: 1 MB a model, 8 MB in all', () => {
    for (const sample of samples) expect(sizeOf(modelFile(sample.path)), sample.path).toBeLessThan(1_000_000)
    expect(sizeOf(modelFile('.'))).toBeLessThan(8_000_000)
  })

  it.each(samples)('$name: the index, the card and the cases agree', async (sample) => {
    const card = readJson<Card & { classLabels?: string[]; inputs: Record<string, string>; outputs: Record<string, string> }>(sample.card)
    expect(card.classLabels).toEqual(sample.classLabels)
    for (const { value, heldOut } of Object.values(card.measured)) {
      expect(value).toBeGreaterThan(0)
      expect(heldOut).toBeGreaterThanOrEqual(8)
    }
    for (const [file, names] of [
      [sample.inputs, Object.keys(card.inputs)],
      [sample.expected, Object.keys(card.outputs)],
    ] as const) {
      const arrays = await readArrays(file)
      const perCase = [...arrays.keys()].some((key) => key.startsWith('case0/'))
      const keys = perCase ? Array.from({ length: sample.cases }, (_, i) => names.map((name) => `case${i}/${name}`)).flat() : names
      expect([...arrays.keys()].sort()).toEqual([...keys].sort())
      if (!perCase) for (const array of arrays.values()) expect(array.dims[0]).toBe(sample.cases)
    }
  })
})
