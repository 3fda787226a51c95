import { type FormattedImage, onBackground } from './formats.ts'
import { decodeJpeg } from './jpeg-decode.ts'
import { imageFileKind } from './kind.ts'
import { imageError } from './limits.ts'
import { orient } from './orient.ts'
import { decodePng } from './png-decode.ts'

/**
 * Decodes a PNG or JPEG file, upright (EXIF orientation applied) and opaque (put on `background`), as sRGB with 8 bits a channel.
 * @throws CoreMLError ERR_INPUT for other kinds, damaged files and images of more than 100 million pixels
 */
export async function decodeImage(
  bytes: Uint8Array,
  background: readonly [number, number, number] = [0, 0, 0],
): Promise<FormattedImage & { data: Uint8Array }> {
  const kind = imageFileKind(bytes)
  if (kind === undefined) throw imageError('the bytes are no image file (PNG and JPEG are read)')
  if (kind !== 'PNG' && kind !== 'JPEG') throw imageError(`the image is ${kind}, which is read on macOS alone; convert it to PNG or JPEG`)
  const { image, orientation } = await (kind === 'PNG' ? decodePng(bytes) : decodeJpeg(bytes))
  const upright = orient(image.data, image.width, image.height, image.format === 'rgba' ? 4 : 1, orientation)
  return onBackground({ ...upright, format: image.format }, background)
}
