import { channelsOfFormat, type FormattedImage } from '../images/formats.ts'
import type { ImageInputOptions } from '../images/options.ts'
import { conformImage, refuseImage } from './conform-image.ts'
import { typeOfArray } from './convert.ts'
import type { ImageFeature } from './description.ts'
import { valueText } from './feature-text.ts'
import type { ImageReader } from './image-reader.ts'
import { type Image, isImage, isTensor } from './values.ts'

/** Checks raw pixels; the format is rgba where none is stated. */
function checkRaw(feature: ImageFeature, image: Image): FormattedImage {
  const { width, height, data } = image
  const format = image.format ?? 'rgba'
  if (!Object.hasOwn(channelsOfFormat, format)) {
    throw refuseImage(
      feature,
      `an image of the unknown format ${JSON.stringify(format)} (formats: ${Object.keys(channelsOfFormat).join(', ')})`,
    )
  }
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw refuseImage(feature, `an image of the size ${width}×${height}`)
  const type = typeOfArray(data)
  const fits = format === 'gray16f' ? type === 'uint16' || type === 'float16' : type === 'uint8'
  if (!fits) throw refuseImage(feature, `${format} image whose data is ${valueText(data)}`)
  const length = width * height * channelsOfFormat[format]
  if (data.length !== length)
    throw refuseImage(feature, `${format} image ${width}×${height} with ${data.length} samples where ${length} are expected`)
  return { width, height, format, data }
}

/**
 * A caller's value for an image feature as pixels of the declared kind and size: raw pixels at once, files and encoded bytes by a promise.
 * A string is a path; of URLs only `file:` is read.
 */
export function coerceImage(
  feature: ImageFeature,
  value: unknown,
  options: ImageInputOptions,
  images: ImageReader,
): FormattedImage | Promise<FormattedImage> {
  if (typeof value === 'string') {
    if (options.files === false) throw refuseImage(feature, `${valueText(value)}: reading files is turned off (files: false)`)
    if (value.length === 0) throw refuseImage(feature, 'an empty string')
    return images.read(feature, value, options)
  }
  if (value instanceof URL) {
    if (value.protocol !== 'file:') throw refuseImage(feature, `a URL with ${value.protocol}; only file: URLs are read`)
    if (options.files === false) throw refuseImage(feature, 'a file: URL: reading files is turned off (files: false)')
    return images.read(feature, value, options)
  }
  if (isImage(value)) return conformImage(feature, checkRaw(feature, value), options)
  if (value instanceof ArrayBuffer) return images.decode({ feature, file: new Uint8Array(value.slice(0)), options })
  // A copy: decoding may end after the caller has changed its buffer.
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray)
    return images.decode({ feature, file: Uint8Array.from(value), options })
  if (isTensor(value)) throw refuseImage(feature, `${valueText(value)}; give pixels as { width, height, format, data }`)
  throw refuseImage(
    feature,
    `${valueText(value)} (give a path, a file: URL, the bytes of a PNG or JPEG file, or { width, height, format, data })`,
  )
}
