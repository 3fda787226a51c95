const Float16 = (globalThis as { Float16Array?: Float16ArrayConstructor }).Float16Array

const doubles = new Float64Array(1)
const words = new Uint32Array(doubles.buffer)
const highWord = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0

/** By exponent from -15 (all below, too) to 15: one over the unit of the last place of a float16. */
const unitsOf = Float64Array.from({ length: 31 }, (_, index) => 2 ** (index === 0 ? 24 : 25 - index))

/** The float16 bits nearest to a number (ties to even), rounded once, straight from double precision. */
export function float16Bits(value: number): number {
  doubles[0] = value
  const high = words[highWord]!
  const sign = (high >>> 16) & 0x8000
  const exponent = ((high >>> 20) & 0x7ff) - 1023
  if (exponent > 15) return Number.isNaN(value) ? 0x7e00 : sign | 0x7c00
  // In units of the last place the magnitude is below 2048, so adding and subtracting 2^52 rounds it to an integer, ties to even.
  const ulps = Math.abs(value) * unitsOf[exponent < -14 ? 0 : exponent + 15]! + 2 ** 52 - 2 ** 52
  // A carry out of the fraction lands in the exponent, which is what rounding up to the next power of two (or infinity) means.
  return sign | (exponent < -14 ? ulps : ((exponent + 14) << 10) + ulps)
}

let table: Float32Array | undefined

/** Values of all 65536 bit patterns. */
function float16Table(): Float32Array {
  if (table) return table
  table = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    const magnitude =
      exponent === 31 ? (fraction ? Number.NaN : Infinity) : exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24
    table[bits] = bits & 0x8000 ? -magnitude : magnitude
  }
  return table
}

/** The number that float16 bits stand for. */
export function float16Value(bits: number): number {
  return float16Table()[bits & 0xffff]!
}

/** Widens float16 elements, given as `Float16Array` or as bits, to float32. */
export function float16ToFloat32(data: Uint16Array | Float16Array): Float32Array {
  if (Float16 && data instanceof Float16) return new Float32Array(data)
  const bits = data as Uint16Array
  const values = float16Table()
  const out = new Float32Array(bits.length)
  for (let i = 0; i < out.length; i++) out[i] = values[bits[i]!]!
  return out
}

/** Rounds numbers to float16: a `Float16Array` where Node has it, else the bits. */
export function toFloat16(values: ArrayLike<number>): Float16Array | Uint16Array {
  if (Float16) return new Float16(values)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = float16Bits(values[i]!)
  return out
}
