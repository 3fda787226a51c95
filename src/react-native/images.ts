import { native } from '../backends/apple/native-errors.ts'
import { type FormattedImage, onBackground } from '../images/formats.ts'
import type { ImageInputOptions } from '../images/options.ts'
import { conformImage, type ImageJob, placeImageError } from '../model/conform-image.ts'
import type { ImageFeature } from '../model/description.ts'
import type { ImageReader } from '../model/image-reader.ts'
import { loadBinding } from './binding.ts'
import { filePath } from './file-path.ts'

/** ImageIO decodes every kind of file, PNG and JPEG too: upright, in sRGB, off the JavaScript thread. */
async function decode(file: Uint8Array | string): Promise<FormattedImage & { data: Uint8Array }> {
  const { width, height, buffer } = await native(loadBinding().decodeImage(file))
  return { format: 'rgba', width, height, data: new Uint8Array(buffer) }
}

async function prepare(feature: ImageFeature, options: ImageInputOptions, file: Uint8Array | string): Promise<FormattedImage> {
  const image = await decode(file).catch((error) => {
    throw placeImageError(error, { feature, source: typeof file === 'string' ? file : undefined })
  })
  return conformImage(feature, onBackground(image, options.background ?? [0, 0, 0]), options)
}

/** Image files on iOS. */
export const images: ImageReader = {
  read: (feature, path, options) => prepare(feature, options, filePath(path, `input "${feature.name}": the image`)),
  decode: async ({ feature, file, options }: ImageJob) =>
    file instanceof Uint8Array ? prepare(feature, options, file) : conformImage(feature, file, options),
}
