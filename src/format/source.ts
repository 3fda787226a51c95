import { closeSync, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs'
import { CoreMLError } from '../errors.ts'

/** Where a run of bytes is. Offsets and lengths are plain numbers: exact up to 2^53. */
export interface FileLocation {
  path: string
  /** Bytes from the start of the file. */
  offset: number
  /** Bytes. */
  length: number
}

/** Bytes that are read by position. */
export interface Source {
  readonly size: number
  /** The file, or undefined for memory. */
  readonly path: string | undefined
  /**
   * Where the file at `path` really lies, behind symbolic links, if it is still the one that is read here: it may have been deleted or replaced since.
   * Undefined for memory.
   */
  currentPath(): string | undefined
  /** Fills `target` from `position` on. The range must lie within `size`. */
  read(target: Uint8Array, position: number): void
  close(): void
}

/** The largest single read: below the 2 GiB that one system call takes. */
const maxRead = 1 << 30

/** A file, opened for reading. */
export class FileSource implements Source {
  readonly path: string
  readonly size: number
  readonly #identity: string
  #descriptor: number | undefined

  /** Throws ERR_FILE if there is no such regular file. */
  constructor(path: string) {
    this.path = path
    try {
      // Before opening: to open a pipe would block.
      if (!statSync(path).isFile()) throw new Error('it is not a regular file')
      this.#descriptor = openSync(path, 'r')
      const opened = fstatSync(this.#descriptor)
      this.size = opened.size
      this.#identity = identityOf(opened)
    } catch (error) {
      this.close()
      throw new CoreMLError('ERR_FILE', `cannot open ${path}: ${(error as Error).message}`, { cause: error })
    }
  }

  currentPath(): string | undefined {
    const found = statSync(this.path, { throwIfNoEntry: false })
    return found && identityOf(found) === this.#identity ? realpathSync.native(this.path) : undefined
  }

  read(target: Uint8Array, position: number): void {
    if (this.#descriptor === undefined) throw new CoreMLError('ERR_DISPOSED', `${this.path} was closed`)
    for (let done = 0; done < target.length; ) {
      let count: number
      try {
        count = readSync(this.#descriptor, target, done, Math.min(target.length - done, maxRead), position + done)
      } catch (error) {
        throw new CoreMLError('ERR_FILE', `cannot read ${this.path}: ${(error as Error).message}`, { cause: error })
      }
      if (count === 0)
        throw new CoreMLError('ERR_MODEL_INVALID', `${this.path} ends at byte ${position + done}: it was cut while it was read`)
      done += count
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return
    closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`
}

/** Bytes in memory. */
export class MemorySource implements Source {
  readonly path = undefined
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get size(): number {
    return this.#bytes.length
  }

  currentPath(): undefined {}

  read(target: Uint8Array, position: number): void {
    target.set(this.#bytes.subarray(position, position + target.length))
  }

  close(): void {}
}
