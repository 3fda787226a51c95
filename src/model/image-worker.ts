/** The worker thread that decodes large image files. */
import { parentPort } from 'node:worker_threads'
import { CoreMLError, type ErrorCode } from '../errors.ts'
import type { FormattedImage } from '../images/formats.ts'
import type { ImageJob } from './conform-image.ts'
import { decodeForFeature } from './decode-for-feature.ts'

/** A job and its number. */
export interface ImageRequest {
  id: number
  job: ImageJob
}

/** The image of a job, or its error in a form that crosses threads. */
export type ImageReply = { id: number; image: FormattedImage } | { id: number; code: ErrorCode; message: string }

const port = parentPort!

port.on('message', async ({ id, job }: ImageRequest) => {
  try {
    const image = await decodeForFeature(job)
    const reply: ImageReply = { id, image }
    port.postMessage(reply, [image.data.buffer as ArrayBuffer])
  } catch (error) {
    const code = error instanceof CoreMLError ? error.code : 'ERR_INTERNAL'
    const reply: ImageReply = { id, code, message: error instanceof Error ? error.message : String(error) }
    port.postMessage(reply)
  }
})
