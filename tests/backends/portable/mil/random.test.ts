import { Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { float32, int32, operation, type Parameter, programModel, run } from './program.ts'

const count = 40_000

/** Two predictions of one random op. */
function draw(type: string, parameters: Record<string, Parameter>, size = count) {
  const shape: Parameter = { ints: [size], dims: [1] }
  return run(programModel({}, [operation(type, { shape, ...parameters }, { y: float32(size) })], ['y']))
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
const deviation = (values: number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))

/** The largest distance between an empirical distribution and the one that `cumulative` states (Kolmogorov and Smirnov). */
function distance(values: number[], cumulative: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.max(
    ...sorted.map((x, index) =>
      Math.max(Math.abs(cumulative(x) - index / sorted.length), Math.abs(cumulative(x) - (index + 1) / sorted.length)),
    ),
  )
}

/** The distance that a sample of the right distribution exceeds once in a million times. */
const critical = Math.sqrt(-Math.log(1e-6 / 2) / (2 * count))

function normalCumulative(x: number): number {
  // Abramowitz and Stegun 7.1.26
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2)
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-(x * x) / 2)
  return x > 0 ? 1 - tail / 2 : tail / 2
}

describe('random ops', () => {
  for (const seed of [-1, 0, 7, 123456]) {
    test(`uniform, seed ${seed}`, async () => {
      const [first, second] = await draw('random_uniform', { low: { floats: [-2] }, high: { floats: [6] }, seed: { ints: [seed] } })
      const values = first!.y!
      expect(Math.min(...values)).toBeGreaterThanOrEqual(-2)
      expect(Math.max(...values)).toBeLessThan(6)
      expect(distance(values, (x) => (x + 2) / 8)).toBeLessThan(critical)
      expect(
        distance(
          values.slice(1).map((value, i) => (((value - values[i]!) % 8) + 8) % 8),
          (x) => x / 8,
        ),
      ).toBeLessThan(critical)
      // With a seed every prediction gives the same, without none does.
      if (seed === -1) expect(second!.y).not.toEqual(values)
      else expect(second!.y).toEqual(values)
    })
  }

  test('normal', async () => {
    const [first] = await draw('random_normal', { mean: { floats: [3] }, stddev: { floats: [0.5] }, seed: { ints: [5] } })
    expect(distance(first!.y!, (x) => normalCumulative((x - 3) / 0.5))).toBeLessThan(critical)
  })

  test('Bernoulli', async () => {
    const [first] = await draw('random_bernoulli', { prob: { floats: [0.3] }, seed: { ints: [9] } })
    expect(new Set(first!.y)).toEqual(new Set([0, 1]))
    expect(Math.abs(mean(first!.y!) - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / count))
  })

  test('seeds differ', async () => {
    const [a] = await draw('random_uniform', { seed: { ints: [1] } }, 50)
    const [b] = await draw('random_uniform', { seed: { ints: [2] } }, 50)
    expect(a!.y).not.toEqual(b!.y)
    expect(deviation(a!.y!)).toBeGreaterThan(0.2)
  })

  // As coremltools writes it: one dimension, which stands for any number of them.
  test.each(['random_uniform', 'random_normal', 'random_bernoulli'])('%s of any rank', async (type) => {
    const draws = [-1, 4].map((seed, index) => operation(type, { shape: 's', seed: { ints: [seed] } }, { [`y${index}`]: float32(null) }))
    const model = programModel({ s: int32(null) }, draws, ['y0', 'y1'])
    const [first] = await run(model, { s: new Tensor('int32', [2, 3, 4], [3]) })
    for (const values of Object.values(first!)) expect(values).toHaveLength(24)
    expect(new Set(first!.y1).size).toBeGreaterThan(1)
  })

  test('categorical, of weights and of their logarithms', async () => {
    const weights = [0.5, 0, 2, 1.5]
    const total = 4
    for (const [mode, x] of [
      ['probs', weights],
      ['logits', weights.map((weight) => (weight === 0 ? -1e4 : Math.log(weight)))],
    ] as const) {
      const draws = operation(
        'random_categorical',
        { x: { floats: [...x], dims: [1, 4] }, mode: { text: mode }, size: { ints: [count] }, seed: { ints: [3] } },
        { y: float32(1, count) },
      )
      const [first] = await run(programModel({}, [draws], ['y']))
      weights.forEach((weight, index) => {
        const share = first!.y!.filter((value) => value === index).length / count
        expect(Math.abs(share - weight / total), `class ${index} by ${mode}`).toBeLessThan(0.013)
      })
    }
  })
})
