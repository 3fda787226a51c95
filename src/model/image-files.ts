import { readFile, stat } from 'node:fs/promises'
import { CoreMLError } from '../errors.ts'
import { fileError } from '../file-error.ts'
import type { FormattedImage } from '../images/formats.ts'
import { maxDecodedBytes } from '../images/limits.ts'
import type { ImageInputOptions } from '../images/options.ts'
import { refuseImage } from './conform-image.ts'
import type { ImageFeature } from './description.ts'
import { valueText } from './feature-text.ts'
import { fileUrlOf, pathOfUrl } from './file-url.ts'
import type { ImageReader } from './image-reader.ts'
import { prepareImage } from './prepare-image.ts'

function pathOf(feature: ImageFeature, given: string | URL): string {
  const path = typeof given === 'string' ? (fileUrlOf(given) ?? given) : given
  if (path instanceof URL) return pathOfUrl(path, (problem) => refuseImage(feature, `the URL ${problem}`))
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) throw refuseImage(feature, `${valueText(path)}: a string is a path or a file: URL`)
  return path
}

async function readImage(feature: ImageFeature, path: string, options: ImageInputOptions): Promise<FormattedImage> {
  let bytes: Buffer
  try {
    const info = await stat(path)
    if (!info.isFile()) throw new CoreMLError('ERR_FILE', `input "${feature.name}": ${path} is no file`)
    if (info.size > maxDecodedBytes)
      throw new CoreMLError('ERR_INPUT', `input "${feature.name}": ${path} is too large for an image file (${info.size} bytes)`)
    bytes = await readFile(path)
  } catch (error) {
    if (error instanceof CoreMLError) throw error
    throw fileError(path, error, `input "${feature.name}": `)
  }
  return prepareImage({ feature, file: bytes, options, source: path })
}

/** Image files on Node. */
export const imageFiles: ImageReader = {
  read: (feature, path, options) => readImage(feature, pathOf(feature, path), options),
  decode: prepareImage,
}
