import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeImage } from '../../src/images/decode.ts'
import { toFormat } from '../../src/images/formats.ts'
import { encodePng } from '../../src/images/png-encode.ts'
import type { NpyArray } from '../../src/npy/npy.ts'
import { damaged, damages } from '../damage.ts'
import { arraysOfFixture, bytesOfFixture } from '../fixtures/read.ts'

let expected: Map<string, NpyArray>
beforeAll(async () => {
  expected = await arraysOfFixture('images/expected.npz')
})

function numbers(name: string): { data: number[]; dims: readonly number[] } {
  const array = expected.get(name)
  if (!array || array.type === 'string') throw new Error(`no expectation named ${name}`)
  return { data: Array.from(array.data, Number), dims: array.dims }
}

/** Straight RGBA composited on a background colour, in floating point. */
function composite(rgba: number[], background: readonly number[]): number[] {
  return rgba.map((value, i) => {
    if (i % 4 === 3) return 255
    const alpha = rgba[i - (i % 4) + 3]! / 255
    return Math.round(value * alpha + background[i % 4]! * (1 - alpha))
  })
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}

describe('PNG, as Pillow decodes it', () => {
  it.each(['gray1', 'gray2', 'gray4', 'gray8'])('%s', async (name) => {
    const image = await decodeImage(bytesOfFixture(`images/${name}.png`))
    const { data, dims } = numbers(name)
    expect([image.height, image.width, image.format]).toEqual([...dims, 'gray8'])
    expect(Array.from(image.data)).toEqual(data)
  })

  it('gray16, rounded to 8 bits', async () => {
    const image = await decodeImage(bytesOfFixture('images/gray16.png'))
    expect(Array.from(image.data)).toEqual(numbers('gray16').data.map((value) => Math.round((value * 255) / 65535)))
  })

  it.each([
    'rgb8',
    'rgba8',
    'gray-alpha8',
    'palette1',
    'palette2',
    'palette4',
    'palette8',
    'rgb8-key',
    'gray2-key',
    'interlaced-rgba8',
    'interlaced-tiny',
  ])('%s, on black and on a colour', async (name) => {
    const { data, dims } = numbers(name)
    for (const background of [[0, 0, 0] as const, [10, 200, 255] as const]) {
      const image = await decodeImage(bytesOfFixture(`images/${name}.png`), background)
      expect([image.height, image.width, 4, image.format]).toEqual([...dims, 'rgba'])
      expect(largestDifference(image.data, composite(data, background))).toBe(0)
    }
  })

  it('interlaced-gray1', async () => {
    const image = await decodeImage(bytesOfFixture('images/interlaced-gray1.png'))
    expect(Array.from(image.data)).toEqual(
      numbers('interlaced-gray1').data.filter((_, i) => i % (numbers('interlaced-gray1').dims[2] ?? 1) === 0),
    )
  })

  it('16 bits of colour, rounded to 8', async () => {
    const image = await decodeImage(bytesOfFixture('images/rgb16.png'))
    const { data } = numbers('rgb16')
    const rgb = Array.from(image.data).filter((_, i) => i % 4 !== 3)
    expect(rgb).toEqual(data.map((value) => Math.round((value * 255) / 65535)))
  })
})

describe('JPEG', () => {
  it.each([
    'jpeg-444',
    'jpeg-422',
    'jpeg-440',
    'jpeg-420',
    'jpeg-411',
    'jpeg-narrow',
    'jpeg-progressive',
    'jpeg-progressive-restart',
    'jpeg-gray',
    'jpeg-gray-restart',
    'jpeg-rgb',
    'jpeg-rgb-named',
    'jpeg-cmyk',
    'jpeg-cmyk-plain',
  ])('%s, to the bit as libjpeg decodes it', async (name) => {
    const image = toFormat(await decodeImage(bytesOfFixture(`images/${name}.jpg`)), 'rgba')
    const { data, dims } = numbers(name)
    expect([image.height, image.width, 4]).toEqual(dims)
    expect(largestDifference(image.data, data)).toBe(0)
  })

  it('of one component is a grey image', async () => {
    expect(await decodeImage(bytesOfFixture('images/jpeg-gray.jpg'))).toMatchObject({ format: 'gray8' })
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied', async (orientation) => {
    const image = await decodeImage(bytesOfFixture(`images/orientation${orientation}.jpg`))
    const { data, dims } = numbers(`orientation${orientation}`)
    expect([image.height, image.width, 4]).toEqual(dims)
    expect(largestDifference(image.data, data)).toBe(0)
  })
})

describe('files that are refused', () => {
  it.each([
    ['nothing', Buffer.alloc(0), /no image file/],
    ['text', Buffer.from('hello'), /no image file/],
    ['GIF', Buffer.from('GIF89a.........'), /GIF, which is read on macOS alone/],
    ['WebP', Buffer.from('RIFF0000WEBPVP8 '), /WebP/],
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic....'), /HEIC/],
  ])('%s', async (_name, bytes, message) => {
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'ERR_INPUT', message: expect.stringMatching(message) })
  })

  it.each([
    ['samples of 12 bits', 0xc1, 12, /samples of 12 bits/],
    ['arithmetic coding', 0xc9, 8, /arithmetic coding/],
    ['lossless coding', 0xc3, 8, /lossless coding/],
  ])('a JPEG file with %s', async (_name, marker, precision, message) => {
    const bytes = Buffer.from(bytesOfFixture('images/jpeg-444.jpg'))
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]))
    bytes[frame + 1] = marker
    bytes[frame + 4] = precision
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'ERR_INPUT', message: expect.stringMatching(message) })
  })

  it('a JPEG file that is cut off anywhere', async () => {
    const whole = bytesOfFixture('images/jpeg-progressive-restart.jpg')
    for (let length = 2; length < whole.length; length += 7)
      await expect(decodeImage(whole.subarray(0, length))).rejects.toMatchObject({ code: 'ERR_INPUT' })
  })

  const sources = ['rgb8.png', 'palette4.png', 'interlaced-gray1.png', 'jpeg-420.jpg', 'jpeg-progressive-restart.jpg', 'orientation6.jpg']

  it.each(sources)('%s flipped, cut and spliced: decoded, or ERR_INPUT', async (name) => {
    const whole = bytesOfFixture(`images/${name}`)
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        await decodeImage(damaged(whole, list)).catch((error) => expect(error).toMatchObject({ code: 'ERR_INPUT' }))
      }),
      { numRuns: 150 },
    )
  })

  it('a PNG that claims to be huge', async () => {
    const bytes = Buffer.from(bytesOfFixture('images/rgb8.png'))
    bytes.writeUInt32BE(60000, 16)
    bytes.writeUInt32BE(60000, 20)
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'ERR_INPUT', message: expect.stringMatching(/too large \(60000×60000/) })
  })

  it('a PNG whose pixels inflate to more than its size says', async () => {
    const whole = bytesOfFixture('images/gray8.png')
    const bomb = deflateSync(Buffer.alloc(200_000_000))
    const head = Buffer.alloc(8)
    head.writeUInt32BE(bomb.length, 0)
    head.write('IDAT', 4)
    const bytes = Buffer.concat([whole.subarray(0, 33), head, bomb, Buffer.alloc(4), whole.subarray(-12)])
    const before = process.memoryUsage().rss
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code: 'ERR_INPUT' })
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
  })
})

describe('encodePng', () => {
  it('writes what Pillow-checked decoding reads back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('rgba', 'gray8'),
        fc.infiniteStream(fc.nat(255)),
        async (width, height, format, stream) => {
          const data = Uint8Array.from({ length: width * height * (format === 'rgba' ? 4 : 1) }, (_, i) =>
            format === 'rgba' && i % 4 === 3 ? 255 : stream.next().value!,
          )
          const image = { width, height, format: format as 'rgba' | 'gray8', data }
          expect(await decodeImage(await encodePng(image))).toEqual(image)
        },
      ),
      { numRuns: 40 },
    )
  })
})
