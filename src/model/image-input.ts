import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { CoreMLError } from '../errors.ts'
import { decodeImage } from '../images/decode.ts'
import { fitToSize } from '../images/fit.ts'
import { channelsOfFormat, type FormattedImage, toFormat } from '../images/formats.ts'
import { maxDecodedBytes } from '../images/limits.ts'
import type { ImageInputOptions } from '../images/options.ts'
import { typeOfArray } from './convert.ts'
import type { DimensionRange, ImageFeature } from './description.ts'
import { featureText, valueText } from './feature-text.ts'
import { type Image, type ImageFormat, isImage, isTensor } from './values.ts'

function refuse(feature: ImageFeature, came: string, cause?: unknown): CoreMLError {
  return new CoreMLError('ERR_INPUT', `input "${feature.name}": expected ${featureText(feature)}, got ${came}`, { cause })
}

function within(size: number, { min, max }: DimensionRange): boolean {
  return size >= min && (max === null || size <= max)
}

/** True if the feature takes images of this size as they are. */
export function acceptsSize(feature: ImageFeature, width: number, height: number): boolean {
  const { flexibility } = feature
  if (width === feature.width && height === feature.height) return true
  if (flexibility.kind === 'enumerated') return flexibility.sizes.some((size) => size.width === width && size.height === height)
  return flexibility.kind === 'range' && within(width, flexibility.width) && within(height, flexibility.height)
}

const formatOfSpace: Readonly<Record<ImageFeature['colorSpace'], ImageFormat>> = {
  rgb: 'rgba',
  bgr: 'rgba',
  gray: 'gray8',
  gray16f: 'gray16f',
}

/** Brings an image to the format and the size of the feature: rgba for colour (bgr features too), gray8, or gray16f. */
function conform(feature: ImageFeature, image: FormattedImage, options: ImageInputOptions): FormattedImage {
  const format = formatOfSpace[feature.colorSpace]
  if (acceptsSize(feature, image.width, image.height)) return toFormat(image, format)
  const mode = options.resize ?? 'scaleFill'
  if (mode === 'none') throw refuse(feature, `an image ${image.width}×${image.height} (resizing is turned off)`)
  if (feature.width < 1 || feature.height < 1)
    throw refuse(feature, `an image ${image.width}×${image.height}, and the model states no default size to resize it to`)
  const eight = toFormat(image, format === 'rgba' ? 'rgba' : 'gray8')
  return toFormat(fitToSize(eight, feature.width, feature.height, mode, options.background ?? [0, 0, 0]), format)
}

/** Checks raw pixels; the format is rgba where none is stated. */
function checkRaw(feature: ImageFeature, image: Image): FormattedImage {
  const { width, height, data } = image
  const format = image.format ?? 'rgba'
  if (!Object.hasOwn(channelsOfFormat, format)) {
    throw refuse(feature, `an image of the unknown format ${JSON.stringify(format)} (formats: ${Object.keys(channelsOfFormat).join(', ')})`)
  }
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw refuse(feature, `an image of the size ${width}×${height}`)
  const type = typeOfArray(data)
  const fits = format === 'gray16f' ? type === 'uint16' || type === 'float16' : type === 'uint8'
  if (!fits) throw refuse(feature, `${format} image whose data is ${valueText(data)}`)
  const length = width * height * channelsOfFormat[format]
  if (data.length !== length)
    throw refuse(feature, `${format} image ${width}×${height} with ${data.length} samples where ${length} are expected`)
  return { width, height, format, data }
}

async function fromBytes(feature: ImageFeature, bytes: Uint8Array, options: ImageInputOptions, source: string): Promise<FormattedImage> {
  try {
    return conform(feature, await decodeImage(bytes, options.background), options)
  } catch (error) {
    if (!(error instanceof CoreMLError) || error.message.startsWith('input "')) throw error
    const hint =
      source === 'bytes' && typeof error.cause === 'undefined' ? ' (raw pixels are given as { width, height, format, data })' : ''
    throw new CoreMLError('ERR_INPUT', `input "${feature.name}": ${source === 'bytes' ? '' : `${source}: `}${error.message}${hint}`, {
      cause: error.cause,
    })
  }
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
  return fromBytes(feature, bytes, options, path)
}

/**
 * A caller's value for an image feature as pixels of the declared kind and size: raw pixels at once, files and encoded bytes by a promise.
 * A string is a path; of URLs only `file:` is read.
 */
export function coerceImage(feature: ImageFeature, value: unknown, options: ImageInputOptions): FormattedImage | Promise<FormattedImage> {
  if (typeof value === 'string') {
    if (options.files === false) throw refuse(feature, `${valueText(value)}: reading files is turned off (files: false)`)
    if (value.length === 0) throw refuse(feature, 'an empty string')
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(value))
      throw refuse(feature, `${valueText(value)}: a string is a path; give a URL object for a file: URL`)
    return fromFile(feature, value, options)
  }
  if (value instanceof URL) {
    if (value.protocol !== 'file:') throw refuse(feature, `a URL with ${value.protocol}; only file: URLs are read`)
    if (options.files === false) throw refuse(feature, 'a file: URL: reading files is turned off (files: false)')
    return fromFile(feature, fileURLToPath(value), options)
  }
  if (isImage(value)) return conform(feature, checkRaw(feature, value), options)
  if (value instanceof ArrayBuffer) return fromBytes(feature, new Uint8Array(value.slice(0)), options, 'bytes')
  // A copy: decoding may end after the caller has changed its buffer.
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return fromBytes(feature, Uint8Array.from(value), options, 'bytes')
  if (isTensor(value)) throw refuse(feature, `${valueText(value)}; give pixels as { width, height, format, data }`)
  throw refuse(
    feature,
    `${valueText(value)} (give a path, a file: URL, the bytes of a PNG or JPEG file, or { width, height, format, data })`,
  )
}
