import { CoreMLError } from '../errors.ts'

/** Pixels of the largest image that is decoded: a file of a few kilobytes may claim to be gigabytes. */
export const maxPixels = 100_000_000

/** Bytes that decoding one image may take. */
export const maxDecodedBytes = 512 * 1024 * 1024

/** The image cannot be decoded. */
export function imageError(text: string, cause?: unknown): CoreMLError {
  return new CoreMLError('ERR_INPUT', text, cause === undefined ? {} : { cause })
}

/** Refuses sizes that are empty or beyond {@link maxPixels}. */
export function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1) throw imageError(`the image is empty (${width}×${height})`)
  if (width * height > maxPixels)
    throw imageError(`the image is too large (${width}×${height}; at most ${maxPixels / 1e6} million pixels are decoded)`)
}
