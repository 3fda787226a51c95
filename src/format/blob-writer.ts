import { CoreMLError } from '../errors.ts'
import { Output } from './output.ts'
import type { Source } from './source.ts'
import { bitsOf, blobTypeOf, byteLength, type StorageType } from './storage.ts'
import { weightFile } from './weight-file.ts'

/** Writes a weight file, entry by entry. */
export class BlobWriter {
  readonly #output: Output
  #entries = 0

  private constructor(output: Output) {
    this.#output = output
  }

  /** Creates the file; throws if there is one. */
  static async create(path: string): Promise<BlobWriter> {
    const output = await Output.create(path)
    await output.write(new Uint8Array(weightFile.headerSize))
    return new BlobWriter(output)
  }

  /**
   * Appends `count` values of `type`, whose bytes start at `offset` of `source`.
   * Returns the offset that a program names. Throws ERR_ARGUMENT for types that weight files cannot hold.
   */
  async add(type: StorageType, count: number, source: Source, offset: number): Promise<number> {
    const number = blobTypeOf(type)
    if (number === 0) throw new CoreMLError('ERR_ARGUMENT', `a weight file cannot hold values of type ${type}`)
    await this.#output.align(weightFile.alignment)
    const position = this.#output.position
    const length = byteLength(type, count)
    const metadata = Buffer.alloc(weightFile.metadataSize)
    metadata.writeUInt32LE(weightFile.sentinel, 0)
    metadata.writeUInt32LE(number, 4)
    metadata.writeBigUInt64LE(BigInt(length), 8)
    metadata.writeBigUInt64LE(BigInt(position + weightFile.metadataSize), 16)
    metadata.writeBigUInt64LE(BigInt(length * 8 - count * bitsOf(type)), 24)
    await this.#output.write(metadata)
    await this.#output.copy(source, offset, length)
    this.#entries++
    return position
  }

  /** Writes the header and closes the file. */
  async finish(): Promise<void> {
    const header = Buffer.alloc(8)
    header.writeUInt32LE(this.#entries, 0)
    header.writeUInt32LE(weightFile.version, 4)
    await this.#output.writeAt(header, 0)
    await this.#output.close()
  }

  /** Closes the file without finishing it. */
  async abandon(): Promise<void> {
    await this.#output.close()
  }
}
