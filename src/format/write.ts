import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { BlobWriter } from './blob-writer.ts'
import { encode, type ReplaceBlob } from './encode.ts'
import type { Payload } from './gen/common_pb.ts'
import { type Model, ModelSchema } from './gen/model_pb.ts'
import type { BlobFileValue } from './gen/program_pb.ts'
import type { ModelFile } from './open.ts'
import { Output } from './output.ts'
import { walk } from './walk.ts'

/** How {@link writeModel} writes. */
export interface WriteOptions {
  /** Replace a model that is at the path already; default: refuse with ERR_FILE. */
  overwrite?: boolean
  /** A changed spec; the file's own when absent. Its payloads and weight references are those of the file. */
  spec?: Model
}

/** Protobuf's own limit for a message. */
const maxSpec = 2 ** 31 - 1

const weightFileName = '@model_path/weights/weight.bin'

async function writeSpec(file: ModelFile, spec: Model, path: string, replaceBlob?: ReplaceBlob): Promise<void> {
  const segments = encode(ModelSchema, spec, replaceBlob)
  const size = segments.reduce((sum, { length }) => sum + length, 0)
  if (size > maxSpec) {
    throw new CoreMLError(
      'ERR_MODEL_UNSUPPORTED',
      `the model would be a single file of ${size} bytes; the format takes ${maxSpec} at most (an ML Program in a .mlpackage has no such limit)`,
    )
  }
  const output = await Output.create(path)
  try {
    for (const segment of segments) {
      if (segment instanceof Uint8Array) await output.write(segment)
      else await output.copy(file.source(segment as Payload), segment.offset, segment.length)
    }
  } finally {
    await output.close()
  }
}

/** Every reference to a weight file, each place once. */
function blobReferences(spec: Model): Map<string, BlobFileValue> {
  const references = new Map<string, BlobFileValue>()
  walk(ModelSchema, spec, (message) => {
    if (message.$typeName !== 'coreml.spec.BlobFileValue') return undefined
    const value = message as BlobFileValue
    references.set(keyOf(value), value)
    return undefined
  })
  return references
}

function keyOf({ fileName, offset }: BlobFileValue): string {
  return `${fileName}:${offset}`
}

/** Writes the weights that the spec refers to into one file; tells where they are now. */
async function writeWeights(file: ModelFile, spec: Model, folder: string): Promise<ReplaceBlob | undefined> {
  const references = blobReferences(spec)
  if (references.size === 0) return undefined
  await mkdir(folder)
  const places = new Map<string, bigint>()
  const writer = await BlobWriter.create(join(folder, 'weight.bin'))
  try {
    for (const [key, value] of references) {
      const { type, count, source, offset } = file.blob(value)
      places.set(key, BigInt(await writer.add(type, count, source, offset)))
    }
  } catch (error) {
    await writer.abandon()
    throw error
  }
  await writer.finish()
  return (value) => ({ ...value, fileName: weightFileName, offset: places.get(keyOf(value)) as bigint })
}

async function writePackage(file: ModelFile, spec: Model, path: string): Promise<void> {
  const author = 'com.apple.CoreML'
  const data = join(path, 'Data', author)
  await mkdir(data, { recursive: true })
  const replaceBlob = await writeWeights(file, spec, join(data, 'weights'))
  await writeSpec(file, spec, join(data, 'model.mlmodel'), replaceBlob)
  const root = randomUUID().toUpperCase()
  const manifest = {
    fileFormatVersion: '1.0.0',
    itemInfoEntries: {
      [root]: { author, description: 'CoreML Model Specification', name: 'model.mlmodel', path: `${author}/model.mlmodel` },
      ...(replaceBlob && {
        [randomUUID().toUpperCase()]: { author, description: 'CoreML Model Weights', name: 'weights', path: `${author}/weights` },
      }),
    },
    rootModelIdentifier: root,
  }
  await writeFile(join(path, 'Manifest.json'), `${JSON.stringify(manifest, undefined, 4)}\n`)
}

/** True for what may be replaced: a file, or a folder that is a package. */
async function isModel(path: string): Promise<boolean> {
  return (await stat(path)).isFile() || existsSync(join(path, 'Manifest.json'))
}

/**
 * Writes a model to `path`: a package if it ends with `.mlpackage`, else a single file. Weights are copied in pieces from
 * where they are; of weight files only what the spec refers to. The result appears at `path` when it is whole.
 *
 * Throws ERR_FILE if there is something at `path`, or if it cannot be written; ERR_ARGUMENT for a single file of a model whose
 * weights are in a weight file.
 */
export async function writeModel(file: ModelFile, path: string, { overwrite = false, spec = file.spec }: WriteOptions = {}): Promise<void> {
  const asPackage = path.endsWith('.mlpackage')
  if (!asPackage && blobReferences(spec).size > 0) {
    throw new CoreMLError('ERR_ARGUMENT', `${path}: the model's weights are in a file of their own, so it must be written as .mlpackage`)
  }
  const exists = existsSync(path)
  if (exists && !(overwrite && (await isModel(path)))) throw new CoreMLError('ERR_FILE', `${path} exists already`)
  const partial = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    if (asPackage) await writePackage(file, spec, partial)
    else await writeSpec(file, spec, partial)
    if (exists) await rm(path, { recursive: true })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    if (error instanceof CoreMLError) throw error
    throw new CoreMLError('ERR_FILE', `cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
}
