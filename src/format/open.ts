import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { decode } from './decode.ts'
import type { Payload } from './gen/common_pb.ts'
import { type Model, ModelSchema } from './gen/model_pb.ts'
import type { BlobFileValue } from './gen/program_pb.ts'
import { findModelInPackage, pathInside } from './package.ts'
import { type FileLocation, FileSource, MemorySource, type Source } from './source.ts'
import { byteLength, type StorageType } from './storage.ts'
import { readWeightEntry, readWeightHeader, type WeightEntry } from './weight-file.ts'

/** A tensor in a weight file: its type, number of elements and where its bytes are. */
export interface Blob {
  type: StorageType
  count: number
  location: FileLocation
}

/** A part of a payload, in bytes. */
export interface PayloadRange {
  start?: number
  end?: number
}

const modelPathPrefix = '@model_path/'

/** File name of tensors that are not in a file yet. */
const addedBlobs = '@added'

/**
 * An open model: its spec in memory, its weights where they are. The operations of an ML Program and the layers of a NeuralNetwork
 * come into memory when first asked for, and damage inside them shows then (ERR_MODEL_INVALID). Close the file when done: what
 * was asked for of the spec stays usable, other operations and layers may be out of reach then (ERR_DISPOSED).
 */
export class ModelFile {
  /** As given to {@link openModel}. */
  readonly path: string
  readonly kind: 'mlmodel' | 'mlpackage'
  /** The file that holds the spec: `path` itself, or one inside the package. */
  readonly specPath: string
  readonly spec: Model
  /** Payloads name their source by its index here; the spec's own file is the first. */
  readonly #sources: Source[]
  readonly #weightFiles = new Map<string, FileSource>()
  /** Tensors that {@link ModelFile.addBlob} took. */
  readonly #addedBlobs: (WeightEntry & { source: Source })[] = []
  #closed = false

  constructor(path: string, kind: 'mlmodel' | 'mlpackage', specPath: string, spec: Model, source: Source) {
    this.path = path
    this.kind = kind
    this.specPath = specPath
    this.spec = spec
    this.#sources = [source]
  }

  /** Where the bytes of a payload come from. */
  source(payload: Payload): Source {
    const source = this.#sources[payload.source]
    if (source === undefined) throw new CoreMLError('ERR_INTERNAL', `a payload of source ${payload.source}, of which ${this.path} has none`)
    return source
  }

  /** Reads the bytes of a payload (or of a part of it) into memory of their own. */
  readPayload(payload: Payload, range: PayloadRange = {}): Uint8Array {
    const start = Math.min(range.start ?? 0, payload.length)
    const end = Math.min(range.end ?? payload.length, payload.length)
    return this.#read(this.source(payload), payload.offset + start, Math.max(end - start, 0))
  }

  #read(source: Source, offset: number, length: number): Uint8Array {
    if (this.#closed) throw new CoreMLError('ERR_DISPOSED', `${this.path} was closed`)
    // Lengths were checked against the size of the file; what is left to fail is memory.
    let bytes: Uint8Array
    try {
      bytes = new Uint8Array(length)
    } catch (cause) {
      throw new CoreMLError('ERR_ARGUMENT', `${length} bytes of ${this.path} do not fit into memory at once`, { cause })
    }
    source.read(bytes, offset)
    return bytes
  }

  /** Where a payload is on disk, or undefined for one that was made in memory. */
  locationIfAny(payload: Payload): FileLocation | undefined {
    const { path } = this.source(payload)
    return path === undefined ? undefined : { path, offset: payload.offset, length: payload.length }
  }

  /** Where a payload is on disk. Throws ERR_ARGUMENT for one that was made in memory. */
  location(payload: Payload): FileLocation {
    const location = this.locationIfAny(payload)
    if (location === undefined) throw new CoreMLError('ERR_ARGUMENT', 'this payload is in memory and has no place in a file')
    return location
  }

  /** A payload of a source of bytes, to put into the spec (for writing a changed copy). */
  addPayload(content: Source | Uint8Array): Payload {
    const source = content instanceof Uint8Array ? new MemorySource(content) : content
    this.#sources.push(source)
    return { $typeName: 'coreml.spec.Payload', source: this.#sources.length - 1, offset: 0, length: source.size }
  }

  /** A tensor for a weight file, to put into the spec: `count` values of `type` from a source of bytes in their stored form. */
  addBlob(type: StorageType, count: number, content: Source | Uint8Array): BlobFileValue {
    const source = content instanceof Uint8Array ? new MemorySource(content) : content
    const length = byteLength(type, count)
    if (source.size !== length) {
      throw new CoreMLError('ERR_ARGUMENT', `${source.size} bytes of weights, expected ${length} for ${count} values of ${type}`)
    }
    this.#addedBlobs.push({ type, count, source, offset: 0, length })
    return { $typeName: 'coreml.spec.BlobFileValue', fileName: addedBlobs, offset: BigInt(this.#addedBlobs.length - 1) }
  }

  /** Where the bytes of a tensor of a weight file come from. Throws as {@link ModelFile.blob} does. */
  blobSource(value: Pick<BlobFileValue, 'fileName' | 'offset'>): WeightEntry & { source: Source } {
    if (value.fileName === addedBlobs) {
      const added = this.#addedBlobs[Number(value.offset)]
      if (added === undefined) throw new CoreMLError('ERR_ARGUMENT', `weights number ${value.offset} were not added to ${this.path}`)
      return added
    }
    const source = this.#weightFile(value.fileName)
    return { ...readWeightEntry(source, value.offset), source }
  }

  /**
   * The tensor that a value of an ML Program refers to. Throws ERR_MODEL_INVALID if the file is missing, outside the
   * package or damaged.
   */
  blob(value: Pick<BlobFileValue, 'fileName' | 'offset'>): Blob {
    const { type, offset, length, count, source } = this.blobSource(value)
    if (source.path === undefined) throw new CoreMLError('ERR_ARGUMENT', 'these weights are in memory: write the model and open it')
    return { type, count, location: { path: source.path, offset, length } }
  }

  /** Reads the bytes of a tensor of a weight file into memory of their own. */
  readBlob(blob: Blob): Uint8Array {
    const source = this.#weightFiles.get(blob.location.path)
    if (source === undefined) throw new CoreMLError('ERR_ARGUMENT', `${blob.location.path} is no weight file of ${this.path}`)
    return this.#read(source, blob.location.offset, blob.location.length)
  }

  #weightFile(fileName: string): FileSource {
    if (this.#closed) throw new CoreMLError('ERR_DISPOSED', `${this.path} was closed`)
    if (!fileName.startsWith(modelPathPrefix)) {
      throw new CoreMLError(
        'ERR_MODEL_INVALID',
        `${this.path} is no valid model: weight file "${fileName}", expected "${modelPathPrefix}…"`,
      )
    }
    const name = fileName.slice(modelPathPrefix.length)
    const folder = dirname(this.specPath)
    const known = this.#weightFiles.get(join(folder, name))
    if (known !== undefined) return known
    const path = pathInside(folder, name, this.path)
    const source = new FileSource(path)
    try {
      readWeightHeader(source)
    } catch (error) {
      source.close()
      throw error
    }
    this.#weightFiles.set(path, source)
    return source
  }

  /** Releases the files. Reading afterwards throws ERR_DISPOSED. */
  close(): void {
    this.#closed = true
    for (const source of [...this.#sources, ...this.#weightFiles.values()]) source.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** What a file that is no model may be instead, by its first bytes. */
const mistakes: [start: string, hint: string][] = [
  ['PK\x03\x04', 'it is a ZIP archive: unpack it and open what is inside'],
  ['version https://git-lfs', 'it is a Git LFS pointer: fetch the file itself with "git lfs pull"'],
  ['{', 'it is a JSON file: open the folder that it describes'],
]

function refuse(path: string, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${path} is no Core ML model: ${problem}`)
}

function resolve(path: string): { kind: 'mlmodel' | 'mlpackage'; specPath: string } {
  let info: ReturnType<typeof statSync>
  try {
    info = statSync(path)
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new CoreMLError('ERR_FILE', missing ? `${path} does not exist` : `cannot open ${path}: ${(cause as Error).message}`, { cause })
  }
  if (info.isFile()) return { kind: 'mlmodel', specPath: path }
  if (!info.isDirectory()) refuse(path, 'it is neither a file nor a folder')
  if (existsSync(join(path, 'Manifest.json'))) return { kind: 'mlpackage', specPath: findModelInPackage(path) }
  if (existsSync(join(path, 'coremldata.bin')) || /\.mlmodelc[/\\]?$/.test(path)) {
    throw new CoreMLError(
      'ERR_MODEL_COMPILED',
      `${path} is a compiled model, which can be read only by Core ML: open the .mlpackage or .mlmodel that it was compiled from`,
    )
  }
  if (basename(path).endsWith('.mlpackage')) findModelInPackage(path)
  refuse(path, 'the folder has no Manifest.json')
}

/** What else a file may be that was no model, if its first bytes tell. */
function mistakeIn(source: Source): string | undefined {
  const start = Buffer.alloc(Math.min(source.size, 32))
  source.read(start, 0)
  return mistakes.find(([text]) => start.toString('latin1').startsWith(text))?.[1]
}

function decodeModel(path: string, source: Source): Model {
  if (source.size === 0) refuse(path, 'the file is empty')
  const spec = decode(ModelSchema, source)
  if (spec.specificationVersion < 1 || spec.description === undefined) refuse(path, 'it has no specification version and no description')
  if (spec.type.case === undefined) refuse(path, `it has no model of a known type (specification version ${spec.specificationVersion})`)
  return spec
}

/**
 * Opens a `.mlmodel` file or a `.mlpackage` folder. Weights stay on disk, so this takes milliseconds for models of any size.
 *
 * Throws ERR_FILE if there is nothing at `path`, ERR_MODEL_COMPILED for a `.mlmodelc` folder and ERR_MODEL_INVALID, with the
 * place, for all that is no sound model.
 */
export async function openModel(path: string): Promise<ModelFile> {
  const { kind, specPath } = resolve(path)
  const source = new FileSource(specPath)
  try {
    return new ModelFile(path, kind, specPath, decodeModel(specPath, source), source)
  } catch (error) {
    let hint: string | undefined
    try {
      hint = mistakeIn(source)
    } finally {
      source.close()
    }
    if (hint !== undefined) refuse(specPath, hint)
    throw error
  }
}

/** A new model that is in no file: fill `spec`, add weights with `addPayload` and `addBlob`, then write it. */
export function newModel(spec: Model): ModelFile {
  return new ModelFile('a new model', 'mlpackage', '', spec, new MemorySource(new Uint8Array(0)))
}
