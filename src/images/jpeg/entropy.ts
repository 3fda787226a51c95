import { imageError } from '../limits.ts'

/** A file whose contents cannot be right. */
export function damagedJpeg(how: string): Error {
  return imageError(`the JPEG file is damaged: ${how}`)
}

/** For every 16 bits that may come: the length of the code that they begin with times 256, plus its symbol; 0 where no code fits. */
export type HuffmanTable = Uint16Array

/**
 * A table of Huffman codes.
 * @param counts codes of each length, 1…16
 * @param symbols in the order of their codes
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const table = new Uint16Array(1 << 16)
  let code = 0
  let at = 0
  for (let length = 1; length <= 16; length++) {
    const span = 1 << (16 - length)
    for (let i = 0; i < counts[length - 1]!; i++, code += span) {
      if (code + span > table.length) throw damagedJpeg('a Huffman table has more codes than there can be')
      table.fill((length << 8) | symbols[at++]!, code, code + span)
    }
  }
  return table
}

/** Reads bits of compressed data, which goes up to the next marker. */
export class EntropyReader {
  readonly #data: Uint8Array
  /** The byte that comes next. */
  #offset: number
  #bits = 0
  #count = 0
  /** How many of the last bits stand for data that is not there. */
  #missing = 0

  constructor(data: Uint8Array, offset: number) {
    this.#data = data
    this.#offset = offset
  }

  /** Where the data ends, once all of it was read: at a marker, or at the end of the file. */
  get end(): number {
    let at = this.#offset
    while (at < this.#data.length && !this.#isMarker(at)) at++
    return at
  }

  /** The symbol of the code that comes next. */
  symbol(table: HuffmanTable): number {
    const entry = table[this.#peek()]!
    if (entry === 0) throw damagedJpeg('its data holds an unknown code')
    this.#skip(entry >> 8)
    return entry & 0xff
  }

  /** The next bits as a number. */
  bits(count: number): number {
    const value = this.#peek() >> (16 - count)
    this.#skip(count)
    return value
  }

  /** A number of as many bits; those that begin with 0 are negative. */
  signed(count: number): number {
    if (count === 0) return 0
    if (count > 15) throw damagedJpeg('its data holds a number that is too large')
    const value = this.bits(count)
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value
  }

  /** Goes on behind the restart marker of a number, 0…7. */
  restart(number: number): void {
    const at = this.end
    if (this.#data[at + 1] !== 0xd0 + number) throw damagedJpeg('a restart marker is missing')
    this.#offset = at + 2
    this.#bits = this.#count = this.#missing = 0
  }

  /** Whether a marker is at the offset: not a 0 behind it, which says that the 255 is one of the data, nor another 255, which fills. */
  #isMarker(at: number): boolean {
    const next = this.#data[at + 1]
    return this.#data[at] === 0xff && next !== 0 && next !== 0xff
  }

  #peek(): number {
    while (this.#count < 16) this.#fill()
    return (this.#bits >> (this.#count - 16)) & 0xffff
  }

  #skip(count: number): void {
    this.#count -= count
    if (this.#count < this.#missing) throw damagedJpeg('it ends before all pixels are there')
  }

  #fill(): void {
    const byte = this.#data[this.#offset]
    const isData = byte !== undefined && (byte !== 0xff || this.#data[this.#offset + 1] === 0)
    if (isData) this.#offset += byte === 0xff ? 2 : 1
    else this.#missing += 8
    this.#bits = (this.#bits << 8) | (isData ? byte : 0)
    this.#count += 8
  }
}
