import { orientationOfJpeg } from './exif.ts'
import { holdsRgb } from './jpeg-segments.ts'
import { imageError, maxDecodedBytes, maxPixels } from './limits.ts'
import type { Decoded } from './png-decode.ts'

/** Decodes baseline and progressive JPEG. Colour profiles are ignored: the samples are taken as sRGB. */
export async function decodeJpeg(bytes: Uint8Array): Promise<Decoded> {
  const { decode } = (await import('jpeg-js')).default
  try {
    const { width, height, data } = decode(bytes, {
      useTArray: true,
      tolerantDecoding: false,
      // The decoder itself takes every file of three components for YCbCr.
      ...(holdsRgb(bytes) && { colorTransform: false }),
      maxResolutionInMP: maxPixels / 1e6,
      maxMemoryUsageInMB: maxDecodedBytes / 2 ** 20,
    })
    return { image: { width, height, format: 'rgba', data }, orientation: orientationOfJpeg(bytes) }
  } catch (error) {
    throw imageError(`the JPEG file cannot be decoded: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}
