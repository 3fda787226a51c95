import { beforeAll, describe, expect, it } from 'vitest'
import { fitToSize } from '../../src/images/fit.ts'
import { toFormat } from '../../src/images/formats.ts'
import { resizePixels } from '../../src/images/resize.ts'
import { conformImage } from '../../src/model/conform-image.ts'
import type { ImageFeature } from '../../src/model/description.ts'
import { float16ToFloat32, toFloat16 } from '../../src/model/float16.ts'
import type { NpyArray } from '../../src/npy/npy.ts'
import { arraysOfFixture } from '../fixtures/read.ts'

let expected: Map<string, NpyArray>
beforeAll(async () => {
  expected = await arraysOfFixture('images/expected.npz')
})

function pixels(name: string): Uint8Array {
  const array = expected.get(name)
  if (!array || !(array.data instanceof Uint8Array)) throw new Error(`no expectation named ${name}`)
  return array.data
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)
}

const sizes: [number, number][] = [
  [8, 8],
  [28, 20],
  [100, 90],
  [56, 13],
  [1, 1],
  [13, 40],
  [17, 111],
]

describe('resizing equals Pillow’s, but for one level of rounding', () => {
  it.each(sizes)('colour to %i×%i', (width, height) => {
    expect(
      largestDifference(resizePixels(pixels('source'), 56, 40, 4, width, height), pixels(`resize-${width}x${height}`)),
    ).toBeLessThanOrEqual(1)
  })

  it.each(sizes)('grey to %i×%i', (width, height) => {
    expect(
      largestDifference(resizePixels(pixels('source-gray'), 56, 40, 1, width, height), pixels(`resize-gray-${width}x${height}`)),
    ).toBeLessThanOrEqual(1)
  })

  it.each([
    [8, 8],
    [100, 90],
    [13, 40],
  ])('half-precision grey to %i×%i keeps its fractions and signs', (width, height) => {
    const floats = (name: string) => expected.get(name)!.data as Float32Array
    const image = { width: 56, height: 40, format: 'gray16f' as const, data: toFloat16(floats('source-depth')) }
    const feature: ImageFeature = {
      ...{ name: 'depth', description: '', optional: false, type: 'image', colorSpace: 'gray16f' },
      ...{ width, height, flexibility: { kind: 'fixed' } },
    }
    const resized = conformImage(feature, image, {})
    expect(resized).toMatchObject({ width, height, format: 'gray16f' })
    const wanted = floats(`resize-depth-${width}x${height}`)
    const largest = Math.max(...Array.from(float16ToFloat32(resized.data as Uint16Array), (value, i) => Math.abs(value - wanted[i]!)))
    expect(largest).toBeLessThanOrEqual(2 ** -10) // half of the last place of numbers below 4
  })

  it('centerCrop cuts the middle out', () => {
    const image = fitToSize({ width: 56, height: 40, format: 'rgba', data: pixels('source') }, 16, 16, 'centerCrop', [0, 0, 0])
    expect(largestDifference(image.data as Uint8Array, pixels('center-crop-16x16'))).toBeLessThanOrEqual(1)
  })

  it('scaleFit fills the rest with the background', () => {
    const image = fitToSize({ width: 56, height: 40, format: 'rgba', data: pixels('source') }, 28, 28, 'scaleFit', [9, 20, 200])
    expect(largestDifference(image.data as Uint8Array, pixels('scale-fit-28x28'))).toBeLessThanOrEqual(1)
  })
})

describe('formats', () => {
  it('grey is Pillow’s convert("L"), exactly', () => {
    const gray = toFormat({ width: 56, height: 40, format: 'rgba', data: pixels('source') }, 'gray8')
    expect(gray.data).toEqual(pixels('source-gray'))
  })

  it('bgra swaps red and blue, also on the way to grey', () => {
    const rgba = { width: 2, height: 1, format: 'rgba' as const, data: new Uint8Array([1, 2, 3, 4, 50, 60, 70, 80]) }
    const bgra = toFormat(rgba, 'bgra')
    expect(bgra.data).toEqual(new Uint8Array([3, 2, 1, 4, 70, 60, 50, 80]))
    expect(toFormat(bgra, 'gray8').data).toEqual(toFormat(rgba, 'gray8').data)
  })

  it('half-precision grey keeps the levels 0…255', () => {
    const gray = { width: 3, height: 1, format: 'gray8' as const, data: new Uint8Array([0, 100, 255]) }
    const half = toFormat(gray, 'gray16f')
    // IEEE 754: 100 = 1.5625 × 2^6 → 0x5640, 255 = 1.9921875 × 2^7 → 0x5bf8.
    expect(Array.from(new Uint16Array(half.data.buffer))).toEqual([0, 0x5640, 0x5bf8])
    expect(toFormat(half, 'gray8').data).toEqual(gray.data)
    expect(toFormat(half, 'rgba').data).toEqual(new Uint8Array([0, 0, 0, 255, 100, 100, 100, 255, 255, 255, 255, 255]))
  })
})
