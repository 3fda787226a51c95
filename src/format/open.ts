import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { fileError } from '../file-error.ts'
import { decode, forgetDeferred } from './decode.ts'
import type { Payload } from './gen/common_pb.ts'
import { type Model, ModelSchema } from './gen/model_pb.ts'
import type { BlobFileValue } from './gen/program_pb.ts'
import { mistakenFor } from './mistaken.ts'
import { findModelInPackage, pathInside } from './package.ts'
import { type FileLocation, FileSource, MemorySource, type Source } from './source.ts'
import { byteLength, type StorageType } from './storage.ts'
import { readWeightEntry, readWeightHeader, type WeightEntry } from './weight-file.ts'

/** A tensor of a weight file: its type, number of elements and where its bytes are. */
export interface Blob extends WeightEntry {
  source: Source
}

/** A model in memory. Nothing of it is copied: the bytes must stay as they are while the model is used. */
export interface ModelBytes {
  /** A `.mlmodel` file, or the specification of a package (its `Data/com.apple.CoreML/model.mlmodel`). */
  specification: Uint8Array
  /** The weight files of an ML Program, by path as seen from the specification: `{ 'weights/weight.bin': bytes }`. */
  weights?: Readonly<Record<string, Uint8Array>>
}

/** A part of a payload, in bytes. */
export interface PayloadRange {
  start?: number
  end?: number
}

const modelPathPrefix = '@model_path/'

/** File name of tensors that are not in a file yet. */
const addedBlobs = '@added'

/** The weight files of one model, by path as seen from its specification. Throws ERR_MODEL_INVALID for one that is not there. */
type OpenWeights = (name: string) => Source

/** What a {@link ModelFile} is made of. */
interface ModelFileParts {
  path: string
  kind: 'mlmodel' | 'mlpackage'
  spec: Model
  source: Source
  openWeights: OpenWeights
}

/**
 * An open model: its spec in memory, its weights where they are. The operations of an ML Program and the layers of a NeuralNetwork
 * come into memory when first asked for, and damage inside them shows then (ERR_MODEL_INVALID). Close the file when done: what
 * was asked for of the spec stays usable, other operations and layers may be out of reach then (ERR_DISPOSED).
 */
export class ModelFile {
  /** As given to {@link openModel}; for a model in memory a text that says so. */
  readonly path: string
  readonly kind: 'mlmodel' | 'mlpackage'
  readonly spec: Model
  /** Payloads name their source by its index here; the spec's own file is the first. */
  readonly #sources: Source[]
  readonly #openWeights: OpenWeights
  readonly #weightFiles = new Map<string, Source>()
  /** Tensors that {@link ModelFile.addBlob} took. */
  readonly #addedBlobs: Blob[] = []
  #closed = false

  constructor({ path, kind, spec, source, openWeights }: ModelFileParts) {
    this.path = path
    this.kind = kind
    this.spec = spec
    this.#sources = [source]
    this.#openWeights = openWeights
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

  /** Where a payload or a tensor is on disk; undefined for one in memory, and where another file, or none, has taken the place of the one that is open. */
  location(place: Payload | Blob): FileLocation | undefined {
    const source = typeof place.source === 'number' ? this.source(place as Payload) : place.source
    const path = source.currentPath()
    return path === undefined ? undefined : { path, offset: place.offset, length: place.length }
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

  /**
   * The tensor that a value of an ML Program refers to. Throws ERR_MODEL_INVALID if the file is missing, outside the
   * package or damaged.
   */
  blob(value: Pick<BlobFileValue, 'fileName' | 'offset'>): Blob {
    if (value.fileName === addedBlobs) {
      const added = this.#addedBlobs[Number(value.offset)]
      if (added === undefined) throw new CoreMLError('ERR_ARGUMENT', `weights number ${value.offset} were not added to ${this.path}`)
      return added
    }
    const source = this.#weightFile(value.fileName)
    return { ...readWeightEntry(source, value.offset), source }
  }

  /** Reads the bytes of a tensor of a weight file into memory of their own. */
  readBlob({ source, offset, length }: Blob): Uint8Array {
    return this.#read(source, offset, length)
  }

  #weightFile(fileName: string): Source {
    if (this.#closed) throw new CoreMLError('ERR_DISPOSED', `${this.path} was closed`)
    if (!fileName.startsWith(modelPathPrefix)) {
      throw new CoreMLError(
        'ERR_MODEL_INVALID',
        `${this.path} is no valid model: weight file "${fileName}", expected "${modelPathPrefix}…"`,
      )
    }
    const name = fileName.slice(modelPathPrefix.length)
    const known = this.#weightFiles.get(name)
    if (known !== undefined) return known
    const source = this.#openWeights(name)
    try {
      readWeightHeader(source)
    } catch (error) {
      const hint = mistakenFor(source)
      source.close()
      throw hint === undefined ? error : new CoreMLError('ERR_MODEL_INVALID', `${source.path ?? name}: ${hint}`, { cause: error })
    }
    this.#weightFiles.set(name, source)
    return source
  }

  /** Takes operations and layers out of memory: they are read anew when next asked for, without changes that were made to them. */
  forgetStructure(): void {
    forgetDeferred(this.spec)
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

function refuse(path: string, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${path} is no Core ML model: ${problem}`)
}

function resolve(path: string): { kind: 'mlmodel' | 'mlpackage'; specPath: string } {
  let info: ReturnType<typeof statSync>
  try {
    info = statSync(path)
  } catch (cause) {
    throw fileError(path, cause)
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

function decodeModel(path: string, source: Source): Model {
  if (source.size === 0) refuse(path, 'the file is empty')
  const spec = decode(ModelSchema, source)
  if (spec.specificationVersion < 1 || spec.description === undefined) refuse(path, 'it has no specification version and no description')
  if (spec.type.case === undefined) refuse(path, `it has no model of a known type (specification version ${spec.specificationVersion})`)
  return spec
}

/** The spec of `source`, which is called `path` in errors. */
function readSpec(path: string, source: Source): Model {
  try {
    return decodeModel(path, source)
  } catch (error) {
    const hint = mistakenFor(source)
    if (hint !== undefined) refuse(path, hint)
    throw error
  }
}

function openBytes({ specification, weights = {} }: ModelBytes): ModelFile {
  const path = 'the model in memory'
  const source = new MemorySource(specification)
  const names = Object.keys(weights)
  const openWeights = (name: string): Source => {
    const bytes = Object.hasOwn(weights, name) ? weights[name] : undefined
    if (bytes !== undefined) return new MemorySource(bytes)
    const given = names.length > 0 ? `was given only ${names.join(', ')}` : 'was given no weights'
    throw new CoreMLError('ERR_MODEL_INVALID', `${path} needs the weight file "${name}", but ${given}`)
  }
  return new ModelFile({ path, kind: names.length > 0 ? 'mlpackage' : 'mlmodel', spec: readSpec(path, source), source, openWeights })
}

/**
 * Opens a `.mlmodel` file, a `.mlpackage` folder or a model in memory. Weights stay where they are, so this takes milliseconds for models of any size.
 *
 * Throws ERR_FILE if there is nothing at the path, ERR_MODEL_COMPILED for a `.mlmodelc` folder and ERR_MODEL_INVALID, with the
 * place, for all that is no sound model.
 */
export async function openModel(model: string | ModelBytes): Promise<ModelFile> {
  if (typeof model !== 'string') return openBytes(model)
  const { kind, specPath } = resolve(model)
  const source = new FileSource(specPath)
  try {
    const openWeights = (name: string) => new FileSource(pathInside(dirname(specPath), name, model, kind))
    return new ModelFile({ path: model, kind, spec: readSpec(specPath, source), source, openWeights })
  } catch (error) {
    source.close()
    throw error
  }
}

/** A new model that is in no file: fill `spec`, add weights with `addPayload` and `addBlob`, then write it. */
export function newModel(spec: Model): ModelFile {
  const openWeights = (name: string): Source => refuse('a new model', `it has no weight file ${name}`)
  return new ModelFile({ path: 'a new model', kind: 'mlpackage', spec, source: new MemorySource(new Uint8Array(0)), openWeights })
}
