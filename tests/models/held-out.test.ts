import { describe, expect, it } from 'vitest'
import type { Model } from '../../src/model/model.ts'
import type { Tensor } from '../../src/model/tensor.ts'
import { type Card, inputsOf, loadSample, numbers, outputNumbers, psnr, readArrays, readJson, sampleNamed, slice } from './sample.ts'

async function heldOut(name: string, measure: (model: Model, arrays: Map<string, Tensor>) => Promise<void>): Promise<void> {
  const sample = sampleNamed(name)
  const model = await loadSample(sample)
  try {
    await measure(model, await readArrays(sample.card.replace('card.json', 'heldout.npz')))
  } finally {
    await model.dispose()
  }
}

function measured(name: string, figure: string): { value: number; heldOut: number } {
  return readJson<Card>(sampleNamed(name).card).measured[figure]!
}

/** How many of `inputs` (first axis: cases) the model labels as `truth` says. */
async function rightAnswers(model: Model, name: string, input: string, inputs: Tensor, truth: readonly number[]): Promise<number> {
  let right = 0
  for (const [index, label] of truth.entries()) {
    const outputs = await model.predict(inputsOf(model.description, { [input]: slice(inputs, index) }))
    const [guess] = outputNumbers(outputs[model.predictedFeatureName!]!, sampleNamed(name).classLabels).values
    if (guess === label) right++
  }
  return right
}

describe('accuracy on the held-out set is what the card says', () => {
  it.each([
    ['digits-cnn', 'image'],
    ['digits-cnn-neuralnetwork', 'image'],
    ['transformer', 'codes'],
    ['trees', 'analysis'],
  ])('%s', async (name, input) => {
    await heldOut(name, async (model, arrays) => {
      const card = measured(name, 'accuracy')
      const truth = numbers(arrays.get('label')!)
      expect(truth.length).toBe(card.heldOut)
      const right = await rightAnswers(model, name, input, arrays.get(input)!, truth)
      // fp16 may turn one close case; the card is rounded to four digits.
      expect(Math.abs(right - card.value * truth.length)).toBeLessThan(1.05)
      if (input === 'image') expect(right / truth.length).toBeGreaterThanOrEqual(0.97)
    })
  })

  it('rnn, over strokes of five lengths', async () => {
    await heldOut('rnn', async (model, arrays) => {
      const card = measured('rnn', 'accuracy')
      let right = 0
      let count = 0
      for (const [key, strokes] of arrays) {
        if (!key.endsWith('/strokes')) continue
        const truth = numbers(arrays.get(key.replace('strokes', 'label'))!)
        // The set holds [40, T, 2]; the model takes [1, T, 2].
        const [cases, ...shape] = strokes.dims
        right += await rightAnswers(model, 'rnn', 'strokes', { ...strokes, dims: [cases!, 1, ...shape] }, truth)
        count += truth.length
      }
      expect(count).toBe(card.heldOut)
      expect(Math.abs(right - card.value * count)).toBeLessThan(1.05)
    })
  })
})

describe('errors on the held-out set are what the card says', () => {
  it('lstm: root mean square error', async () => {
    await heldOut('lstm', async (model, arrays) => {
      const card = measured('lstm', 'rmse')
      const past = arrays.get('past')!
      const [cases, ...shape] = past.dims
      expect(cases).toBe(card.heldOut)
      let squares = 0
      let count = 0
      for (let index = 0; index < cases!; index++) {
        const outputs = await model.predict({ past: { ...slice(past, index), dims: [1, ...shape] } })
        const guess = outputNumbers(outputs.future!).values
        for (const [i, value] of numbers(slice(arrays.get('future')!, index)).entries()) {
          squares += (value - guess[i]!) ** 2
          count++
        }
      }
      expect(Math.sqrt(squares / count) / card.value).toBeCloseTo(1, 2)
    })
  })
})

describe('what loops of predictions make', () => {
  it('decoder: greedy text equals that of torch, token for token', async () => {
    const model = await loadSample(sampleNamed('decoder'))
    try {
      const written = readJson<{ promptTokens: number[]; tokens: number[] }[]>('decoder/expected/greedy.json')
      expect(written.length).toBe(3)
      for (const { promptTokens, tokens } of written) {
        expect(tokens.length).toBe(64)
        const state = model.newState()
        const text = [...promptTokens]
        for (let position = 0; text.length < promptTokens.length + tokens.length; position++) {
          const { logits } = await model.predict({ token: [[text[position]!]], position: [position] }, { state })
          const { values } = outputNumbers(logits!)
          if (position === text.length - 1) text.push(values.indexOf(Math.max(...values)))
        }
        expect(String.fromCharCode(...text.slice(promptTokens.length))).toBe(String.fromCharCode(...tokens))
      }
    } finally {
      await model.dispose()
    }
  })

  it('decoder: next characters of held-out texts are guessed as often as the card says', async () => {
    await heldOut('decoder', async (model, arrays) => {
      const card = measured('decoder', 'accuracy')
      const texts = arrays.get('tokens')!
      const [cases, length] = texts.dims
      expect(cases).toBe(card.heldOut)
      let right = 0
      for (let index = 0; index < cases!; index++) {
        const tokens = numbers(slice(texts, index))
        const state = model.newState()
        for (let position = 0; position < length! - 1; position++) {
          const { logits } = await model.predict({ token: [[tokens[position]!]], position: [position] }, { state })
          const { values } = outputNumbers(logits!)
          if (values.indexOf(Math.max(...values)) === tokens[position + 1]) right++
        }
      }
      expect(right / (cases! * (length! - 1))).toBeCloseTo(card.value, 2)
    })
  })

  it('diffusion-step: repeated, it turns noise into what torch made of it, and it reads as the wanted digit', async () => {
    const model = await loadSample(sampleNamed('diffusion-step'))
    const reader = await loadSample(sampleNamed('digits-cnn'))
    try {
      const arrays = await readArrays('diffusion-step/samples.npz')
      const { steps } = readJson<{ steps: number }>('diffusion-step/card.json')
      let read = 0
      for (let index = 0; index < 10; index++) {
        const digit = slice(arrays.get('digit')!, index)
        let image = slice(arrays.get('noise')!, index)
        for (let step = 0; step < steps; step++) {
          const outputs = await model.predict({ image, time: [1 - step / steps], nextTime: [1 - (step + 1) / steps], digit })
          image = outputs.denoised as Tensor
        }
        const made = numbers(image)
        // fp16 errors of one step go into the next ones.
        expect(psnr(numbers(slice(arrays.get('made')!, index)), made)).toBeGreaterThanOrEqual(30)
        const pixels = Uint8Array.from(made, (level) => Math.round(Math.min(1, Math.max(0, (level + 1) / 2)) * 255))
        const { digit: guess } = await reader.predict(
          { image: { width: 16, height: 16, format: 'gray8', data: pixels } },
          { resize: 'scaleFill' },
        )
        if (guess === String(numbers(digit)[0])) read++
      }
      expect(read).toBeGreaterThanOrEqual(8)
    } finally {
      await model.dispose()
      await reader.dispose()
    }
  })
})
