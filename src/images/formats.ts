import { float16ToFloat32, toFloat16 } from '../model/float16.ts'
import type { Image, ImageFormat } from '../model/values.ts'

/** Samples of one pixel, by format. */
export const channelsOfFormat: Readonly<Record<ImageFormat, number>> = { rgba: 4, bgra: 4, gray8: 1, gray16f: 1 }

/** An image whose format is stated. */
export type FormattedImage = Image & { readonly format: ImageFormat }

/** Rec. 601 luma of 8-bit red, green and blue, with the rounding of Pillow's `convert('L')`. */
function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16
}

function toGray(data: ArrayLike<number>, pixels: number, red: 0 | 2): Uint8Array {
  const out = new Uint8Array(pixels)
  for (let i = 0, at = 0; i < pixels; i++, at += 4) out[i] = luma(data[at + red]!, data[at + 1]!, data[at + 2 - red]!)
  return out
}

function toColor(gray: ArrayLike<number>, pixels: number): Uint8Array {
  const out = new Uint8Array(4 * pixels)
  for (let i = 0, to = 0; i < pixels; i++, to += 4) {
    out[to] = out[to + 1] = out[to + 2] = gray[i]!
    out[to + 3] = 255
  }
  return out
}

function swapRedAndBlue(data: ArrayLike<number>, pixels: number): Uint8Array {
  const out = new Uint8Array(4 * pixels)
  for (let at = 0; at < out.length; at += 4) {
    out[at] = data[at + 2]!
    out[at + 1] = data[at + 1]!
    out[at + 2] = data[at]!
    out[at + 3] = data[at + 3]!
  }
  return out
}

/** Half-precision grey, which runs from 0 to 255 like gray8, rounded to whole levels. */
function gray16fTo8(data: Image['data']): Uint8Array {
  // A clamped array rounds to even and clamps; NaN becomes 0.
  return new Uint8Array(Uint8ClampedArray.from(float16ToFloat32(data as Uint16Array | Float16Array)).buffer)
}

function bytes(data: Image['data']): Uint8Array {
  return data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/**
 * The image in another format. Grey values run from 0 to 255 in all formats, gray16f included; colours become grey by Rec. 601 luma; alpha is kept
 * among colour formats and dropped for grey.
 */
export function toFormat(image: FormattedImage, format: ImageFormat): FormattedImage {
  if (image.format === format) return image
  const { width, height } = image
  const pixels = width * height
  const give = (data: Image['data']): FormattedImage => ({ width, height, format, data })
  if (format === 'gray16f') return give(toFloat16(toFormat(image, 'gray8').data as Uint8Array))
  if (image.format === 'gray16f') return toFormat({ width, height, format: 'gray8', data: gray16fTo8(image.data) }, format)
  if (format === 'gray8') return give(toGray(image.data, pixels, image.format === 'rgba' ? 0 : 2))
  if (image.format === 'gray8') return give(toColor(image.data, pixels))
  return give(swapRedAndBlue(image.data, pixels))
}

/** Puts an rgba or gray8 image on an opaque background; transparent pixels show it. */
export function onBackground(
  image: FormattedImage & { data: Uint8Array },
  background: readonly [number, number, number],
): FormattedImage & { data: Uint8Array } {
  if (image.format !== 'rgba') return image
  const out = bytes(image.data)
  for (let at = 0; at < out.length; at += 4) {
    const alpha = out[at + 3]!
    if (alpha === 255) continue
    for (let c = 0; c < 3; c++) out[at + c] = Math.round((out[at + c]! * alpha + background[c]! * (255 - alpha)) / 255)
    out[at + 3] = 255
  }
  return { ...image, data: out }
}
