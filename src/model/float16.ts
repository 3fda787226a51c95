/**
 * Conversions between half-precision bits and numbers, for whole arrays: Node 20 has no Float16Array, and a library's
 * per-element accessors cost seconds on weights of real size. Rounding is to nearest, ties to even; overflow gives infinity.
 */

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The half-precision bits of a number. */
export function toFloat16Bits(value: number): number {
  float[0] = value
  const x = bits[0]!
  const sign = (x >>> 16) & 0x8000
  const magnitude = x & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00 // 65520 and above round to infinity
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
    return sign | ((rounded - 0x38000000) >>> 13)
  }
  if (magnitude < 0x33000000) return sign // half of the smallest subnormal is the tie that rounds to zero
  const shift = 126 - (magnitude >>> 23)
  const mantissa = (magnitude & 0x7fffff) | 0x800000
  const half = mantissa >>> shift
  const rest = mantissa & ((1 << shift) - 1)
  const tie = 1 << (shift - 1)
  return sign | (half + (rest > tie || (rest === tie && (half & 1) === 1) ? 1 : 0))
}

let table: Float32Array | undefined

function float16Table(): Float32Array {
  if (table) return table
  table = new Float32Array(65536)
  for (let half = 0; half < 65536; half++) {
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? Number.NaN
            : Number.POSITIVE_INFINITY
          : (1 + fraction / 1024) * 2 ** (exponent - 15)
    table[half] = half & 0x8000 ? -magnitude : magnitude
  }
  return table
}

/** The number that half-precision bits stand for. */
export function fromFloat16Bits(half: number): number {
  return float16Table()[half]!
}

/** Half-precision values (bits, or a native Float16Array) as float32. */
export function float16ToFloat32(halves: Uint16Array | Float16Array): Float32Array {
  if (!(halves instanceof Uint16Array)) return new Float32Array(halves)
  const values = float16Table()
  const result = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) result[i] = values[halves[i]!]!
  return result
}

/** Numbers rounded to half precision, as bits. */
export function float16BitsOf(values: ArrayLike<number>): Uint16Array {
  const result = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) result[i] = toFloat16Bits(values[i]!)
  return result
}

/** Half-precision data in the form that tensors have here: `Float16Array` where Node has it, else the bits. */
export function float16Data(halves: Uint16Array): Uint16Array | Float16Array {
  const Native = (globalThis as { Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => Float16Array })
    .Float16Array
  return Native ? new Native(halves.buffer, halves.byteOffset, halves.length) : halves
}

/** The bits of half-precision data in either form, without a copy. */
export function float16Bits(data: Uint16Array | Float16Array): Uint16Array {
  return data instanceof Uint16Array ? data : new Uint16Array(data.buffer, data.byteOffset, data.length)
}
