import { CoreMLError } from '../errors.ts'
import type { Source } from './source.ts'

const smallWindow = 4 << 10
const largeWindow = 256 << 10

/** Strings up to this length are made once and kept, so many of them. */
const longestKept = 48
const keptStrings = 1024

/** Strings beyond this are no part of a model, and V8 takes none over 512 MiB. */
const maxString = 256 << 20

/**
 * Reads protobuf primitives by position, through a window over the source: small after a jump (most of a large model is
 * skipped), doubling while reading on. Errors carry no field path: the caller adds it with {@link WireReader.fail}.
 */
export class WireReader {
  readonly #source: Source
  #window = Buffer.alloc(0)
  /** Source position of the window's first byte. */
  #start = 0
  /** Next byte to read, within the window. */
  #cursor = 0
  #nextWindow = smallWindow
  /** Short strings met lately, by their hash. */
  readonly #strings: (string | undefined)[] = Array(keptStrings)
  /** Tells where in the message the reader is, for errors. */
  describePlace: () => string = () => ''

  constructor(source: Source) {
    this.#source = source
  }

  get position(): number {
    return this.#start + this.#cursor
  }

  get size(): number {
    return this.#source.size
  }

  /** Throws ERR_MODEL_INVALID with the place. */
  fail(problem: string, position = this.position): never {
    const place = this.describePlace()
    const file = this.#source.path ?? 'the model'
    throw new CoreMLError('ERR_MODEL_INVALID', `${file} is no valid model: ${problem} (byte ${position}${place && `, in ${place}`})`)
  }

  /** Moves on without reading. */
  skip(length: number): void {
    if (this.position + length > this.#source.size) this.fail(`${length} bytes announced, ${this.#source.size - this.position} left`)
    this.seek(this.position + length)
  }

  /** Goes to a position within the source. */
  seek(position: number): void {
    const cursor = position - this.#start
    if (cursor >= 0 && cursor <= this.#window.length) {
      this.#cursor = cursor
      return
    }
    this.#start = position
    this.#cursor = 0
    this.#window = this.#window.subarray(0, 0)
    this.#nextWindow = smallWindow
  }

  /** Makes `count` bytes from the cursor on available in the window. */
  #need(count: number): void {
    if (this.#cursor + count <= this.#window.length) return
    const position = this.position
    const left = this.#source.size - position
    if (count > left) this.fail(`${count} bytes expected, ${Math.max(left, 0)} left: the file is cut`)
    const window = Buffer.allocUnsafe(Math.min(left, Math.max(count, this.#nextWindow)))
    this.#source.read(window, position)
    this.#window = window
    this.#start = position
    this.#cursor = 0
    this.#nextWindow = Math.min(this.#nextWindow * 2, largeWindow)
  }

  /** The high 32 bits of the last varint read. */
  high = 0

  /** Reads a varint of up to 64 bits: returns its low 32 bits (unsigned), leaves the others in {@link high}. */
  varint(): number {
    if (this.#cursor === this.#window.length) this.#need(1)
    const first = this.#window[this.#cursor] as number
    if (first < 0x80) {
      this.#cursor++
      this.high = 0
      return first
    }
    return this.#longVarint()
  }

  /** Moves past the next byte if it is `tag`, a tag of one byte. */
  takes(tag: number): boolean {
    if (this.#cursor === this.#window.length) this.#need(1)
    if (this.#window[this.#cursor] !== tag || tag >= 0x80) return false
    this.#cursor++
    return true
  }

  #longVarint(): number {
    const available = this.#source.size - this.position
    this.#need(Math.min(available, 10))
    const window = this.#window
    let low = 0
    let high = 0
    for (let index = 0; index < 10; index++) {
      const byte = window[this.#cursor + index]
      if (byte === undefined) this.fail('a number is cut')
      const bits = byte & 0x7f
      const shift = index * 7
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        this.#cursor += index + 1
        this.high = high >>> 0
        return low >>> 0
      }
    }
    this.fail('a number has more than 64 bits')
  }

  /** A length within what is left before `end`. */
  length(end: number): number {
    const low = this.varint()
    const length = this.high * 2 ** 32 + low
    if (length > end - this.position) this.fail(`${length} bytes announced, ${end - this.position} left`)
    return length
  }

  int64(): bigint {
    const low = this.varint()
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(low))
  }

  uint64(): bigint {
    const low = this.varint()
    return (BigInt(this.high) << 32n) | BigInt(low)
  }

  /** A signed number, saturated to 32 bits. */
  int32(): number {
    const low = this.varint()
    const high = this.high
    if (high === 0) return Math.min(low, 0x7fffffff)
    if (high === 0xffffffff && low > 0x7fffffff) return low | 0
    return high > 0x7fffffff ? -0x80000000 : 0x7fffffff
  }

  /** An unsigned number, saturated to 32 bits. */
  uint32(): number {
    const low = this.varint()
    return this.high === 0 ? low : 0xffffffff
  }

  bool(): boolean {
    return this.varint() !== 0 || this.high !== 0
  }

  float(): number {
    this.#need(4)
    const value = this.#window.readFloatLE(this.#cursor)
    this.#cursor += 4
    return value
  }

  double(): number {
    this.#need(8)
    const value = this.#window.readDoubleLE(this.#cursor)
    this.#cursor += 8
    return value
  }

  /** `length` must have been checked. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    if (this.#cursor + length <= this.#window.length) bytes.set(this.#window.subarray(this.#cursor, this.#cursor + length))
    else this.#source.read(bytes, this.position)
    this.skip(length)
    return bytes
  }

  /** `length` must have been checked. */
  string(length: number): string {
    if (length > maxString) this.fail(`a text of ${length} bytes`)
    if (length > largeWindow) return Buffer.from(this.bytes(length).buffer).toString('utf8')
    this.#need(length)
    const start = this.#cursor
    this.#cursor += length
    if (length <= longestKept) return this.#shortString(start, length)
    return this.#window.toString('utf8', start, start + length)
  }

  /** Names and types repeat thousands of times: the same text is made once. */
  #shortString(start: number, length: number): string {
    const window = this.#window
    let hash = length
    for (let index = start; index < start + length; index++) hash = (Math.imul(hash, 31) + (window[index] as number)) | 0
    const slot = hash & (keptStrings - 1)
    const kept = this.#strings[slot]
    if (kept !== undefined && kept.length === length && this.#isText(kept, start)) return kept
    const text = window.toString('utf8', start, start + length)
    this.#strings[slot] = text
    return text
  }

  /** True if the window has the ASCII text `text` at `start`. */
  #isText(text: string, start: number): boolean {
    for (let index = 0; index < text.length; index++) {
      const code = this.#window[start + index] as number
      if (code !== text.charCodeAt(index) || code > 127) return false
    }
    return true
  }
}
