import { type FileHandle, open } from 'node:fs/promises'
import type { Source } from './source.ts'

const pieceSize = 4 << 20

/** A file that is written from its start on. Bytes from other files pass through in pieces. */
export class Output {
  readonly #handle: FileHandle
  #position = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Creates the file; throws if there is one. */
  static async create(path: string): Promise<Output> {
    return new Output(await open(path, 'wx'))
  }

  get position(): number {
    return this.#position
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.#position)
    this.#position += bytes.length
  }

  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  }

  async copy(source: Source, offset: number, length: number): Promise<void> {
    for (let done = 0; done < length; ) {
      const piece = new Uint8Array(Math.min(pieceSize, length - done))
      source.read(piece, offset + done)
      await this.write(piece)
      done += piece.length
    }
  }

  /** Writes zeros up to the next multiple of `alignment`. */
  async align(alignment: number): Promise<void> {
    const over = this.#position % alignment
    if (over > 0) await this.write(new Uint8Array(alignment - over))
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
