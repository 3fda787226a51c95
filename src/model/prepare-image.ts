import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { entryPoint } from '../entry-point.ts'
import { CoreMLError } from '../errors.ts'
import type { FormattedImage } from '../images/formats.ts'
import { needsSystemDecoder } from '../images/kind.ts'
import { type ImageJob, placeImageError } from './conform-image.ts'
import { decodeForFeature } from './decode-for-feature.ts'
import type { ImageReply, ImageRequest } from './image-worker.ts'

/** Files of fewer bytes and PNG files of fewer pixels are decoded in a few milliseconds: the way to the worker would cost more. */
const small = { bytes: 16 * 1024, pixels: 128 * 128 }

function isSmall({ file: bytes }: ImageJob): boolean {
  if (!(bytes instanceof Uint8Array)) return bytes.width * bytes.height <= small.pixels
  if (bytes.length > small.bytes) return false
  const isPng = bytes.length > 24 && bytes[0] === 0x89
  if (!isPng) return true
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(16) * view.getUint32(20) <= small.pixels
}

interface Waiting {
  resolve(image: FormattedImage): void
  reject(error: unknown): void
}

/** The thread, while there is one, and who waits for it. */
let worker: Worker | undefined
const waiting = new Map<number, Waiting>()
let lastId = 0

function settle(id: number, how: (one: Waiting) => void): void {
  const one = waiting.get(id)
  waiting.delete(id)
  // An idle thread must not keep the process alive.
  if (waiting.size === 0) worker?.unref()
  if (one) how(one)
}

function failAll(error: unknown): void {
  worker = undefined
  for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(error))
}

function startWorker(path: string): Worker {
  // Options of the program itself (--input-type, --eval) are none of the thread's.
  const started = new Worker(path, { execArgv: [] })
  started.on('message', (reply: ImageReply) => {
    settle(reply.id, ({ resolve, reject }) =>
      'image' in reply ? resolve(reply.image) : reject(new CoreMLError(reply.code, reply.message)),
    )
  })
  started.on('error', (error) => failAll(new CoreMLError('ERR_INTERNAL', `decoding an image failed: ${error.message}`, { cause: error })))
  started.on('exit', () => failAll(new CoreMLError('ERR_INTERNAL', 'the thread that decodes images ended')))
  return started
}

/** What the system alone reads is decoded by it, where it can; the rest of a job is left as it is. */
async function decodeBySystem(job: ImageJob): Promise<ImageJob> {
  if (!(job.file instanceof Uint8Array) || !needsSystemDecoder(job.file)) return job
  const { decodeImageFile } = await import('../backends/apple/image-file.ts')
  try {
    return { ...job, file: (await decodeImageFile(job.file)) ?? job.file }
  } catch (error) {
    throw placeImageError(error, job)
  }
}

/** The bytes in a buffer of their own, to be handed over: what comes from a Buffer pool is copied. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return (bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)) as Uint8Array<ArrayBuffer>
}

/**
 * Decodes an image file and brings it to the format and size of its feature; large ones in a worker thread, so that the event loop goes on.
 * @throws CoreMLError ERR_INPUT
 */
export async function prepareImage(given: ImageJob): Promise<FormattedImage> {
  const path = entryPoint('model/image-worker')
  const job = await decodeBySystem(given)
  // The worker's file is missing where the package was bundled into one: then the image is decoded here.
  if (isSmall(job) || !existsSync(path)) return decodeForFeature(job)
  worker ??= startWorker(path)
  worker.ref()
  const id = ++lastId
  const { feature, options, source } = job
  const file = job.file instanceof Uint8Array ? ownBuffer(job.file) : job.file
  const { resize, background } = options
  const request: ImageRequest = { id, job: { feature, file, options: { resize, background }, source } }
  return new Promise<FormattedImage>((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    // Pixels that the system has decoded are memory of the addon, which cannot be transferred: the message copies them.
    worker!.postMessage(request, file instanceof Uint8Array ? [file.buffer as ArrayBuffer] : [])
  })
}
