import type { JpegColors } from '../jpeg-segments.ts'
import type { Frame } from './frame.ts'
import { rowsOf } from './upsample.ts'

const fixed = (value: number) => Math.round(value * 65536)

/** Products of chrominance in 16 bits behind the point, as libjpeg rounds them. */
const redOfCr = Int16Array.from({ length: 256 }, (_, i) => (fixed(1.402) * (i - 128) + 32768) >> 16)
const blueOfCb = Int16Array.from({ length: 256 }, (_, i) => (fixed(1.772) * (i - 128) + 32768) >> 16)
const greenOfCr = Int32Array.from({ length: 256 }, (_, i) => -fixed(0.71414) * (i - 128))
const greenOfCb = Int32Array.from({ length: 256 }, (_, i) => -fixed(0.34414) * (i - 128) + 32768)

function clamped(level: number): number {
  return level < 0 ? 0 : Math.min(level, 255)
}

/** Pixels of a frame: grey for one component, else red, green and blue and an alpha of 255. */
export function pixelsOf(frame: Frame, colors: JpegColors): Uint8Array {
  const { width, height, components } = frame
  const readers = components.map((component) => rowsOf(component, frame))
  // Doubling rows writes a sample more where the width is odd.
  const rows = components.map(() => new Uint8Array(width + 1))
  const [y, cb, cr, black] = rows as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const isGray = components.length === 1
  const hasChroma = colors === 'YCbCr' || colors === 'YCCK'
  const out = new Uint8Array(width * height * (isGray ? 1 : 4))
  for (let row = 0, to = 0; row < height; row++) {
    for (const [i, read] of readers.entries()) read(row, rows[i]!)
    if (isGray) {
      out.set(y.subarray(0, width), row * width)
      continue
    }
    for (let x = 0; x < width; x++, to += 4) {
      let [red, green, blue] = [y[x]!, cb[x]!, cr[x]!]
      if (hasChroma) {
        const level = red
        red = clamped(level + redOfCr[cr[x]!]!)
        green = clamped(level + ((greenOfCb[cb[x]!]! + greenOfCr[cr[x]!]!) >> 16))
        blue = clamped(level + blueOfCb[cb[x]!]!)
      }
      // Inks are stored inverted, as Adobe's programs do: what is left of white.
      const light = black ? black[x]! / 255 : 1
      out[to] = Math.round(red * light)
      out[to + 1] = Math.round(green * light)
      out[to + 2] = Math.round(blue * light)
      out[to + 3] = 255
    }
  }
  return out
}
