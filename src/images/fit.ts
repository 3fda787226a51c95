import { channelsOfFormat, type FormattedImage } from './formats.ts'
import type { ResizeMode } from './options.ts'
import { resizePixels } from './resize.ts'

/** Brings an 8-bit image to a size, in one of the ways of {@link ResizeMode}. */
export function fitToSize(
  image: FormattedImage,
  width: number,
  height: number,
  mode: Exclude<ResizeMode, 'none'>,
  background: readonly [number, number, number],
): FormattedImage {
  const channels = channelsOfFormat[image.format]
  const pixels = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.byteLength)
  const give = (data: Uint8Array): FormattedImage => ({ width, height, format: image.format, data })
  if (mode === 'centerCrop') {
    const scale = Math.min(image.width / width, image.height / height)
    const [cropWidth, cropHeight] = [width * scale, height * scale]
    const region = { x: (image.width - cropWidth) / 2, y: (image.height - cropHeight) / 2, width: cropWidth, height: cropHeight }
    return give(resizePixels(pixels, image.width, image.height, channels, width, height, region))
  }
  if (mode === 'scaleFill') return give(resizePixels(pixels, image.width, image.height, channels, width, height))
  const scale = Math.min(width / image.width, height / image.height)
  const [innerWidth, innerHeight] = [Math.max(1, Math.round(image.width * scale)), Math.max(1, Math.round(image.height * scale))]
  const inner = resizePixels(pixels, image.width, image.height, channels, innerWidth, innerHeight)
  const [red, green, blue] = background
  const fill = channels === 4 ? [red, green, blue, 255] : [(red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16]
  const out = new Uint8Array(width * height * channels)
  for (let at = 0; at < out.length; at++) out[at] = fill[at % channels]!
  const [left, top] = [(width - innerWidth) >> 1, (height - innerHeight) >> 1]
  for (let y = 0; y < innerHeight; y++) {
    out.set(inner.subarray(y * innerWidth * channels, (y + 1) * innerWidth * channels), ((top + y) * width + left) * channels)
  }
  return give(out)
}
