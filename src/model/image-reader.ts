import type { FormattedImage } from '../images/formats.ts'
import type { ImageInputOptions } from '../images/options.ts'
import type { ImageJob } from './conform-image.ts'
import type { ImageFeature } from './description.ts'

/** How image files become the pixels of a feature. Node has files, threads and our decoders (`image-files.ts`); React Native has ImageIO. */
export interface ImageReader {
  /**
   * Reads the file at a path or `file:` URL, and goes on as `decode`.
   * @throws CoreMLError ERR_FILE, ERR_INPUT
   */
  read(feature: ImageFeature, path: string | URL, options: ImageInputOptions): Promise<FormattedImage>
  /**
   * Decodes a file's bytes, which nobody else changes, and brings the image to the format and size of its feature.
   * @throws CoreMLError ERR_INPUT
   */
  decode(job: ImageJob): Promise<FormattedImage>
}
