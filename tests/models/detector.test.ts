import { describe, expect, it } from 'vitest'
import { averagePrecision, type Detection, overlap, suppress } from './detection.ts'
import { type Card, inputsOf, loadSample, numbers, outputNumbers, readArrays, readJson, sampleNamed, slice } from './sample.ts'

const side = 96

describe('the measure itself', () => {
  const square = (at: number, score = 1): Detection => ({ label: 0, score, box: { left: at, top: 0, right: at + 10, bottom: 10 } })

  it('overlap of half of each of two equal boxes is a third', () => {
    expect(overlap(square(0).box, square(5).box)).toBeCloseTo(1 / 3)
  })

  it('one box found, one missed and one invented: precision 1 up to half of the recall', () => {
    expect(averagePrecision([[square(0, 0.9), square(70, 0.5)]], [[square(0), square(30)]], 0)).toBeCloseTo(0.5)
  })

  it('a box found twice counts once', () => {
    expect(averagePrecision([[square(0, 0.5), square(30, 0.4), square(1, 0.9)]], [[square(0), square(30)]], 0)).toBeCloseTo(
      0.5 + 0.5 * (2 / 3),
    )
    expect(suppress([square(0, 0.5), square(30, 0.4), square(1, 0.9)], 0.45).map(({ score }) => score)).toEqual([0.9, 0.4])
  })
})

describe('detector', () => {
  it('mAP@0.5 on the held-out drawings is what the card says', async () => {
    const card = readJson<Card & { labels: string[]; suppression: { confidence: number; overlap: number } }>('detector/card.json')
    const arrays = await readArrays('detector/heldout.npz')
    const images = arrays.get('image')!
    const cases = images.dims[0]!
    expect(cases).toBe(card.measured.map50!.heldOut)
    const truth: Detection[][] = Array.from({ length: cases }, () => [])
    const rows = arrays.get('truth')!
    for (let i = 0; i < rows.dims[0]!; i++) {
      const [image, label, left, top, right, bottom] = numbers(slice(rows, i)) as [number, number, number, number, number, number]
      truth[image]!.push({ label, score: 1, box: { left, top, right, bottom } })
    }

    const model = await loadSample(sampleNamed('detector'))
    try {
      const found: Detection[][] = []
      for (let index = 0; index < cases; index++) {
        const outputs = await model.predict(inputsOf(model.description, { image: slice(images, index) }))
        const confidence = outputNumbers(outputs.confidence!).values
        const coordinates = outputNumbers(outputs.coordinates!).values.map((part) => part * side)
        const candidates = confidence.flatMap((score, i): Detection[] => {
          if (score < card.suppression.confidence) return []
          const labels = card.labels.length
          const [x, y, width, height] = coordinates.slice(Math.floor(i / labels) * 4) as [number, number, number, number]
          return [
            { label: i % labels, score, box: { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 } },
          ]
        })
        found.push(suppress(candidates, card.suppression.overlap))
      }
      const precisions = card.labels.map((_, label) => averagePrecision(found, truth, label))
      const mean = precisions.reduce((sum, value) => sum + value, 0) / precisions.length
      // fp16 may change the order of two close scores.
      expect(Math.abs(mean - card.measured.map50!.value)).toBeLessThanOrEqual(0.01)
    } finally {
      await model.dispose()
    }
  })
})
