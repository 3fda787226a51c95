import { orientationOfJpeg } from './exif.ts'
import { jpegColors, withoutTransform } from './jpeg-segments.ts'
import { imageError, maxDecodedBytes, maxPixels } from './limits.ts'
import type { Decoded } from './png-decode.ts'

/** Decodes baseline and progressive JPEG. Colour profiles are ignored: the samples are taken as sRGB. */
export async function decodeJpeg(bytes: Uint8Array): Promise<Decoded> {
  const { decode } = (await import('jpeg-js')).default
  try {
    const colors = jpegColors(bytes)
    // The decoder takes every file of three components for YCbCr, and drops the fractions of their colours.
    const { width, height, data } = decode(colors ? withoutTransform(bytes) : bytes, {
      ...(colors && { colorTransform: false }),
      useTArray: true,
      tolerantDecoding: false,
      maxResolutionInMP: maxPixels / 1e6,
      maxMemoryUsageInMB: maxDecodedBytes / 2 ** 20,
    })
    if (colors === 'YCbCr') toRgb(data)
    return { image: { width, height, format: 'rgba', data }, orientation: orientationOfJpeg(bytes) }
  } catch (error) {
    throw imageError(`the JPEG file cannot be decoded: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** YCbCr to red, green and blue, in place, in the full range as JFIF has it. */
function toRgb(pixels: Uint8Array): void {
  const rounded = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length)
  for (let at = 0; at < pixels.length; at += 4) {
    const y = pixels[at]!
    const blue = pixels[at + 1]! - 128
    const red = pixels[at + 2]! - 128
    rounded[at] = y + 1.402 * red
    rounded[at + 1] = y - 0.344136 * blue - 0.714136 * red
    rounded[at + 2] = y + 1.772 * blue
  }
}
