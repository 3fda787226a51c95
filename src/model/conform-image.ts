import { CoreMLError } from '../errors.ts'
import { fitToSize } from '../images/fit.ts'
import { type FormattedImage, toFormat } from '../images/formats.ts'
import type { ImageInputOptions } from '../images/options.ts'
import type { ImageFeature } from './description.ts'
import { featureText } from './feature-text.ts'
import { isWithin } from './shapes.ts'
import type { ImageFormat } from './values.ts'

/** The error of an image that an image feature does not take. */
export function refuseImage(feature: ImageFeature, came: string): CoreMLError {
  return new CoreMLError('ERR_INPUT', `input "${feature.name}": expected ${featureText(feature)}, got ${came}`)
}

/** True if the feature takes images of this size as they are. */
export function acceptsSize(feature: ImageFeature, width: number, height: number): boolean {
  const { flexibility } = feature
  if (width === feature.width && height === feature.height) return true
  if (flexibility.kind === 'enumerated') return flexibility.sizes.some((size) => size.width === width && size.height === height)
  return flexibility.kind === 'range' && isWithin(width, flexibility.width) && isWithin(height, flexibility.height)
}

/** The format of pixels, by the colour space that a feature declares. */
export const formatOfSpace: Readonly<Record<ImageFeature['colorSpace'], ImageFormat>> = {
  rgb: 'rgba',
  bgr: 'rgba',
  gray: 'gray8',
  gray16f: 'gray16f',
}

/** Brings an image to the format and the size of the feature: rgba for colour (bgr features too), gray8, or gray16f. */
export function conformImage(feature: ImageFeature, image: FormattedImage, options: ImageInputOptions): FormattedImage {
  const format = formatOfSpace[feature.colorSpace]
  if (acceptsSize(feature, image.width, image.height)) return toFormat(image, format)
  const came = `an image ${image.width}×${image.height}`
  const mode = options.resize ?? 'scaleFill'
  if (mode === 'none') throw refuseImage(feature, `${came} (resizing is turned off)`)
  if (feature.width < 1 || feature.height < 1) throw refuseImage(feature, `${came}, and the model states no default size to resize it to`)
  const own = image.format === format ? image : toFormat(image, format === 'rgba' ? 'rgba' : 'gray8')
  return toFormat(fitToSize(own, feature.width, feature.height, mode, options.background ?? [0, 0, 0]), format)
}

/** One image file on its way to a feature. `source` names the file in errors; undefined for bytes that the caller gave. */
export interface ImageJob {
  feature: ImageFeature
  /** The file, or its pixels (rgba) where the system has decoded it. */
  file: Uint8Array | (FormattedImage & { data: Uint8Array })
  options: ImageInputOptions
  source?: string
}

/** An error of decoding, with the input and the file that it is about. */
export function placeImageError(error: unknown, { feature, source }: Pick<ImageJob, 'feature' | 'source'>): unknown {
  if (!(error instanceof CoreMLError)) return error
  const hint = source === undefined && error.cause === undefined ? ' (raw pixels are given as { width, height, format, data })' : ''
  const place = source === undefined ? '' : `${source}: `
  const { code, cause, domain, nativeCode, userInfo } = error
  return new CoreMLError(code, `input "${feature.name}": ${place}${error.message}${hint}`, { cause, domain, nativeCode, userInfo })
}
