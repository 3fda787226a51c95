import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { CoreMLError } from '../errors.ts'
import { channelsOfFormat, type FormattedImage } from '../images/formats.ts'
import { maxDecodedBytes } from '../images/limits.ts'
import type { ImageInputOptions } from '../images/options.ts'
import { conformImage, refuseImage } from './conform-image.ts'
import { typeOfArray } from './convert.ts'
import type { ImageFeature } from './description.ts'
import { valueText } from './feature-text.ts'
import { prepareImage } from './prepare-image.ts'
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

async function fromFile(feature: ImageFeature, path: string, options: ImageInputOptions): Promise<FormattedImage> {
  let bytes: Buffer
  try {
    const info = await stat(path)
    if (!info.isFile()) throw new CoreMLError('ERR_FILE', `input "${feature.name}": ${path} is no file`)
    if (info.size > maxDecodedBytes)
      throw new CoreMLError('ERR_INPUT', `input "${feature.name}": ${path} is too large for an image file (${info.size} bytes)`)
    bytes = await readFile(path)
  } catch (error) {
    if (error instanceof CoreMLError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new CoreMLError(
      'ERR_FILE',
      `input "${feature.name}": ${code === 'ENOENT' ? `no such file: ${path}` : `cannot read ${path}: ${message}`}`,
      { cause: error },
    )
  }
  return prepareImage({ feature, file: bytes, options, source: path })
}

/**
 * A caller's value for an image feature as pixels of the declared kind and size: raw pixels at once, files and encoded bytes by a promise.
 * A string is a path; of URLs only `file:` is read.
 */
export function coerceImage(feature: ImageFeature, value: unknown, options: ImageInputOptions): FormattedImage | Promise<FormattedImage> {
  if (typeof value === 'string') {
    if (options.files === false) throw refuseImage(feature, `${valueText(value)}: reading files is turned off (files: false)`)
    if (value.length === 0) throw refuseImage(feature, 'an empty string')
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(value))
      throw refuseImage(feature, `${valueText(value)}: a string is a path; give a URL object for a file: URL`)
    return fromFile(feature, value, options)
  }
  if (value instanceof URL) {
    if (value.protocol !== 'file:') throw refuseImage(feature, `a URL with ${value.protocol}; only file: URLs are read`)
    if (options.files === false) throw refuseImage(feature, 'a file: URL: reading files is turned off (files: false)')
    return fromFile(feature, fileURLToPath(value), options)
  }
  if (isImage(value)) return conformImage(feature, checkRaw(feature, value), options)
  if (value instanceof ArrayBuffer) return prepareImage({ feature, file: new Uint8Array(value.slice(0)), options })
  // A copy: decoding may end after the caller has changed its buffer.
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray)
    return prepareImage({ feature, file: Uint8Array.from(value), options })
  if (isTensor(value)) throw refuseImage(feature, `${valueText(value)}; give pixels as { width, height, format, data }`)
  throw refuseImage(
    feature,
    `${valueText(value)} (give a path, a file: URL, the bytes of a PNG or JPEG file, or { width, height, format, data })`,
  )
}
