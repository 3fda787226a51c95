import { float16ToFloat32, toFloat16 } from '../model/float16.ts'
import { channelsOfFormat, type FormattedImage } from './formats.ts'
import type { ResizeMode } from './options.ts'
import { resizePixels } from './resize.ts'

/** The samples of an image as numbers: bytes, or floats for half-precision ones. */
function samplesOf({ format, data }: FormattedImage): Uint8Array | Float32Array {
  if (format === 'gray16f') return float16ToFloat32(data as Uint16Array | Float16Array)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Brings an image to a size, in one of the ways of {@link ResizeMode}. */
export function fitToSize(
  image: FormattedImage,
  width: number,
  height: number,
  mode: Exclude<ResizeMode, 'none'>,
  background: readonly [number, number, number],
): FormattedImage {
  const channels = channelsOfFormat[image.format]
  const pixels = samplesOf(image)
  const give = (samples: Uint8Array | Float32Array): FormattedImage => {
    const data = samples instanceof Uint8Array ? samples : toFloat16(samples)
    return { width, height, format: image.format, data }
  }
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
  const out = new (pixels instanceof Uint8Array ? Uint8Array : Float32Array)(width * height * channels)
  for (let at = 0; at < out.length; at++) out[at] = fill[at % channels]!
  const [left, top] = [(width - innerWidth) >> 1, (height - innerHeight) >> 1]
  for (let y = 0; y < innerHeight; y++) {
    out.set(inner.subarray(y * innerWidth * channels, (y + 1) * innerWidth * channels), ((top + y) * width + left) * channels)
  }
  return give(out)
}
