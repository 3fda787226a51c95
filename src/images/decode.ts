import { type FormattedImage, onBackground } from './formats.ts'
import { decodeJpeg } from './jpeg-decode.ts'
import { imageError } from './limits.ts'
import { orient } from './orient.ts'
import { decodePng } from './png-decode.ts'

/** The kinds of image files that are recognised; only some of them can be decoded. */
type FileKind = 'png' | 'jpeg' | 'GIF' | 'WebP' | 'HEIC or AVIF' | 'BMP' | 'TIFF'

function kindOf(bytes: Uint8Array): FileKind | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length)).toString('latin1')
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (head.startsWith('GIF8')) return 'GIF'
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'WebP'
  if (head.slice(4, 8) === 'ftyp') return 'HEIC or AVIF'
  if (head.startsWith('BM')) return 'BMP'
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'TIFF'
  return undefined
}

/** True if the bytes begin like an image file of a known kind. */
export function isImageFile(bytes: Uint8Array): boolean {
  return kindOf(bytes) !== undefined
}

/**
 * Decodes a PNG or JPEG file, upright (EXIF orientation applied) and opaque (put on `background`), as sRGB with 8 bits a channel.
 * @throws CoreMLError ERR_INPUT for other kinds, damaged files and images of more than 100 million pixels
 */
export async function decodeImage(
  bytes: Uint8Array,
  background: readonly [number, number, number] = [0, 0, 0],
): Promise<FormattedImage & { data: Uint8Array }> {
  const kind = kindOf(bytes)
  if (kind === undefined) throw imageError('the bytes are no image file (PNG and JPEG are read)')
  if (kind !== 'png' && kind !== 'jpeg') throw imageError(`the image is ${kind}, which is not read; convert it to PNG or JPEG`)
  const { image, orientation } = await (kind === 'png' ? decodePng(bytes) : decodeJpeg(bytes))
  const upright = orient(image.data, image.width, image.height, image.format === 'rgba' ? 4 : 1, orientation)
  return onBackground({ ...upright, format: image.format }, background)
}
