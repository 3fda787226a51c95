/** Writes protobuf primitives into memory that grows. */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(64 << 10)
  #length = 0

  #room(count: number): void {
    if (this.#length + count <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + count))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    const bytes = new Uint8Array(this.#buffer.subarray(0, this.#length))
    this.#length = 0
    return bytes
  }

  /** A non-negative integer up to 2^53. */
  varint(value: number): void {
    this.#room(10)
    while (value >= 0x80) {
      this.#buffer[this.#length++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#buffer[this.#length++] = value
  }

  /** Any 64-bit integer; negative ones take 10 bytes. */
  int64(value: bigint): void {
    this.#room(10)
    let rest = BigInt.asUintN(64, value)
    while (rest >= 0x80n) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.#length++] = Number(rest)
  }

  float(value: number): void {
    this.#room(4)
    this.#length = this.#buffer.writeFloatLE(value, this.#length)
  }

  double(value: number): void {
    this.#room(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** `length` is the text's length in UTF-8. */
  string(text: string, length: number): void {
    this.#room(length)
    this.#length += this.#buffer.write(text, this.#length, 'utf8')
  }
}

/** Bytes of a non-negative integer as varint. */
export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest /= 0x80) size++
  return size
}

/** Bytes of a 64-bit integer as varint. */
export function int64Size(value: bigint): number {
  let size = 1
  for (let rest = BigInt.asUintN(64, value); rest >= 0x80n; rest >>= 7n) size++
  return size
}
