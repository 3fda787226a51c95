import { decodeImage } from '../images/decode.ts'
import { type FormattedImage, onBackground } from '../images/formats.ts'
import { conformImage, type ImageJob, placeImageError } from './conform-image.ts'

/** The opaque image of a job, still of its own size and format. */
async function decodeJob({ file, options: { background = [0, 0, 0] } }: ImageJob): Promise<FormattedImage> {
  return file instanceof Uint8Array ? decodeImage(file, background) : onBackground(file, background)
}

/** Decodes a file and brings it to the format and size of the feature. Takes as long as the image is large: see {@link prepareImage}. */
export async function decodeForFeature(job: ImageJob): Promise<FormattedImage> {
  const image = await decodeJob(job).catch((error) => {
    throw placeImageError(error, job)
  })
  return conformImage(job.feature, image, job.options)
}
