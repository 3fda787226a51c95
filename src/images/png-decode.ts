import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import type { Image } from '../model/values.ts'
import { orientationOfExif } from './exif.ts'
import { checkSize, imageError, maxDecodedBytes } from './limits.ts'

const inflateAsync = promisify(inflate)

/** What the chunks of a PNG file say. */
interface PngChunks {
  width: number
  height: number
  depth: number
  colorType: number
  interlaced: boolean
  palette?: Uint8Array
  transparency?: Uint8Array
  orientation: number
  data: Uint8Array[]
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const depthsOf: Readonly<Record<number, readonly number[]>> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] }

function readHeader(view: DataView, offset: number, length: number): PngChunks {
  if (length !== 13) throw imageError('the PNG file is damaged: its header has a wrong length')
  const [width, height] = [view.getUint32(offset), view.getUint32(offset + 4)]
  const [depth, colorType, compression, filter, interlace] = [8, 9, 10, 11, 12].map((at) => view.getUint8(offset + at)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  checkSize(width, height)
  if (!depthsOf[colorType]?.includes(depth)) throw imageError(`the PNG file is damaged: colour type ${colorType} with ${depth} bits`)
  if (compression !== 0 || filter !== 0 || interlace > 1)
    throw imageError('the PNG file uses an unknown compression, filter or interlace method')
  return { width, height, depth, colorType, interlaced: interlace === 1, orientation: 1, data: [] }
}

function readChunks(bytes: Uint8Array): PngChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let png: PngChunks | undefined
  for (let offset = 8; offset + 12 <= bytes.length; ) {
    const length = view.getUint32(offset)
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8))
    const start = offset + 8
    if (start + length + 4 > bytes.length) throw imageError(`the PNG file is cut off in its ${JSON.stringify(type)} chunk`)
    const body = bytes.subarray(start, start + length)
    if (!png) {
      if (type !== 'IHDR') throw imageError('the PNG file is damaged: it does not begin with its header')
      png = readHeader(view, start, length)
    } else if (type === 'PLTE') png.palette = body
    else if (type === 'tRNS') png.transparency = body
    else if (type === 'IDAT') png.data.push(body)
    else if (type === 'eXIf') png.orientation = orientationOfExif(body)
    else if (type === 'IEND') return png
    offset = start + length + 4
  }
  throw imageError('the PNG file is cut off')
}

/** One pass of an interlaced image, or the whole of a plain one. */
interface Pass {
  x: number
  y: number
  dx: number
  dy: number
  width: number
  height: number
}

function passesOf({ width, height, interlaced }: PngChunks): Pass[] {
  if (!interlaced) return [{ x: 0, y: 0, dx: 1, dy: 1, width, height }]
  const adam7: [number, number, number, number][] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ]
  return adam7
    .map(([x, y, dx, dy]) => ({ x, y, dx, dy, width: Math.ceil((width - x) / dx), height: Math.ceil((height - y) / dy) }))
    .filter((pass) => pass.width > 0 && pass.height > 0)
}

/** Undoes the filter of one row; `before` is the row above, zeros for the first. */
function unfilter(filter: number, row: Uint8Array, before: Uint8Array, step: number): void {
  switch (filter) {
    case 0:
      return
    case 1:
      for (let i = step; i < row.length; i++) row[i] = row[i]! + row[i - step]!
      return
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = row[i]! + before[i]!
      return
    case 3:
      for (let i = 0; i < row.length; i++) row[i] = row[i]! + (((i < step ? 0 : row[i - step]!) + before[i]!) >> 1)
      return
    case 4:
      for (let i = 0; i < row.length; i++) {
        const left = i < step ? 0 : row[i - step]!
        const up = before[i]!
        const corner = i < step ? 0 : before[i - step]!
        const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
        row[i] = row[i]! + (a <= b && a <= c ? left : b <= c ? up : corner)
      }
      return
    default:
      throw imageError(`the PNG file is damaged: unknown row filter ${filter}`)
  }
}

/** Gives the samples of a row as they stand in the file: 0…2^depth-1. */
function sampleReader(depth: number): (row: Uint8Array, index: number) => number {
  if (depth === 8) return (row, index) => row[index]!
  if (depth === 16) return (row, index) => (row[2 * index]! << 8) | row[2 * index + 1]!
  const perByte = 8 / depth
  const mask = (1 << depth) - 1
  return (row, index) => (row[Math.floor(index / perByte)]! >> (8 - depth - (index % perByte) * depth)) & mask
}

/** Writes the pixels of unfiltered rows into `out` (rgba, or gray8 where the file has neither colour nor transparency). */
function pixelWriter(
  png: PngChunks,
  gray: boolean,
  out: Uint8Array,
): (row: Uint8Array, count: number, first: number, stride: number) => void {
  const { colorType, depth, palette, transparency } = png
  const sample = sampleReader(depth)
  const top = 2 ** depth - 1
  const scale = (value: number) => (depth === 8 ? value : Math.round((value * 255) / top))
  const key =
    transparency && colorType !== 3 ? [0, 2, 4].map((at) => ((transparency[at] ?? 0) << 8) | (transparency[at + 1] ?? 0)) : undefined
  const channels = channelsOf[colorType]!
  const paletteSize = (palette?.length ?? 0) / 3
  return (row, count, first, stride) => {
    for (let i = 0, to = first; i < count; i++, to += stride) {
      const at = i * channels
      if (gray) {
        out[to] = scale(sample(row, at))
        continue
      }
      const pixel = 4 * to
      if (colorType === 3) {
        const index = sample(row, at)
        if (index >= paletteSize) throw imageError('the PNG file is damaged: a pixel points outside its palette')
        out[pixel] = palette![3 * index]!
        out[pixel + 1] = palette![3 * index + 1]!
        out[pixel + 2] = palette![3 * index + 2]!
        out[pixel + 3] = transparency?.[index] ?? 255
      } else if (channels < 3) {
        const value = sample(row, at)
        out[pixel] = out[pixel + 1] = out[pixel + 2] = scale(value)
        out[pixel + 3] = channels === 2 ? scale(sample(row, at + 1)) : key && value === key[0] ? 0 : 255
      } else {
        const [red, green, blue] = [sample(row, at), sample(row, at + 1), sample(row, at + 2)]
        out[pixel] = scale(red)
        out[pixel + 1] = scale(green)
        out[pixel + 2] = scale(blue)
        out[pixel + 3] =
          channels === 4 ? scale(sample(row, at + 3)) : key && red === key[0] && green === key[1] && blue === key[2] ? 0 : 255
      }
    }
  }
}

async function inflateAll(png: PngChunks, expected: number): Promise<Uint8Array> {
  if (expected > maxDecodedBytes)
    throw imageError(`the PNG file is too large: it would take ${Math.round(expected / 2 ** 20)} MB to decode`)
  try {
    // One byte of slack: a stream that holds more than the header says is refused before it fills the memory.
    return await inflateAsync(Buffer.concat(png.data), { maxOutputLength: expected + 1 })
  } catch (error) {
    throw imageError(`the PNG file is damaged: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** A decoded file: straight alpha, rows packed, and the EXIF orientation that still has to be applied. */
export interface Decoded {
  image: Image & { format: 'rgba' | 'gray8'; data: Uint8Array }
  orientation: number
}

/** Decodes PNG of every colour type, depth and interlacing to 8 bits a channel. Colour profiles and gamma are ignored: the samples are taken as sRGB. */
export async function decodePng(bytes: Uint8Array): Promise<Decoded> {
  const png = readChunks(bytes)
  const { width, height, depth, colorType } = png
  if (colorType === 3 && !png.palette) throw imageError('the PNG file is damaged: it has no palette')
  const bits = channelsOf[colorType]! * depth
  const passes = passesOf(png)
  const expected = passes.reduce((sum, pass) => sum + pass.height * (1 + Math.ceil((pass.width * bits) / 8)), 0)
  const data = await inflateAll(png, expected)
  if (data.length !== expected) throw imageError(`the PNG file is damaged: ${data.length} bytes of pixels where ${expected} are expected`)

  const gray = colorType === 0 && !png.transparency
  const out = new Uint8Array(width * height * (gray ? 1 : 4))
  const write = pixelWriter(png, gray, out)
  const step = Math.max(1, bits >> 3)
  let offset = 0
  for (const pass of passes) {
    const rowBytes = Math.ceil((pass.width * bits) / 8)
    let before: Uint8Array = new Uint8Array(rowBytes)
    for (let y = 0; y < pass.height; y++) {
      const row = data.subarray(offset + 1, offset + 1 + rowBytes)
      unfilter(data[offset]!, row, before, step)
      write(row, pass.width, (pass.y + y * pass.dy) * width + pass.x, pass.dx)
      before = row
      offset += 1 + rowBytes
    }
  }
  return { image: { width, height, format: gray ? 'gray8' : 'rgba', data: out }, orientation: png.orientation }
}
