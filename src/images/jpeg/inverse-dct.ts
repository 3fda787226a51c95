/** Cosines and their sums, as whole numbers of 13 bits behind the point. */
const fraction = 13
const fixed = (value: number) => Math.round(value * 2 ** fraction)
const [c0_298, c0_390, c0_541, c0_765, c0_899, c1_175] = [0.298631336, 0.390180644, 0.5411961, 0.765366865, 0.899976223, 1.175875602].map(
  fixed,
) as [number, number, number, number, number, number]
const [c1_501, c1_847, c1_961, c2_053, c2_562, c3_072] = [1.50132111, 1.847759065, 1.96157056, 2.053119869, 2.562915447, 3.072711026].map(
  fixed,
) as [number, number, number, number, number, number]

/** Bits that values between the two passes have behind the point. */
const between = 2

/**
 * One-dimensional inverse cosine transform of eight values, in place: Loeffler, Ligtenberg and Moschytz's with 12 multiplications, in whole numbers and with
 * the rounding of libjpeg's accurate method, so that pixels are the same to the bit.
 */
function transform(values: Int32Array, at: number, step: number, shift: number): void {
  const [p0, p1, p2, p3] = [at, at + step, at + 2 * step, at + 3 * step]
  const [p4, p5, p6, p7] = [at + 4 * step, at + 5 * step, at + 6 * step, at + 7 * step]
  const [x0, x1, x2, x3] = [values[p0]!, values[p1]!, values[p2]!, values[p3]!]
  const [x4, x5, x6, x7] = [values[p4]!, values[p5]!, values[p6]!, values[p7]!]

  const turned = (x2 + x6) * c0_541
  const [low, high] = [turned + x2 * c0_765, turned - x6 * c1_847]
  const [sum, difference] = [(x0 + x4) * 2 ** fraction, (x0 - x4) * 2 ** fraction]
  const [even0, even1, even2, even3] = [sum + low, difference + high, difference - high, sum - low]

  const shared = (x7 + x3 + x5 + x1) * c1_175
  const [a, b] = [shared - (x7 + x3) * c1_961, shared - (x5 + x1) * c0_390]
  const [c, d] = [(x7 + x1) * c0_899, (x5 + x3) * c2_562]
  const [odd0, odd1] = [x1 * c1_501 - c + b, x3 * c3_072 - d + a]
  const [odd2, odd3] = [x5 * c2_053 - d + b, x7 * c0_298 - c + a]

  const half = 1 << (shift - 1)
  values[p0] = (even0 + odd0 + half) >> shift
  values[p7] = (even0 - odd0 + half) >> shift
  values[p1] = (even1 + odd1 + half) >> shift
  values[p6] = (even1 - odd1 + half) >> shift
  values[p2] = (even2 + odd2 + half) >> shift
  values[p5] = (even2 - odd2 + half) >> shift
  values[p3] = (even3 + odd3 + half) >> shift
  values[p4] = (even3 - odd3 + half) >> shift
}

const block = new Int32Array(64)

/** Makes the 8×8 samples of a block from its coefficients, both in rows, and writes them to `samples` with `stride` between rows. */
export function inverseDct(
  coefficients: Int16Array,
  from: number,
  scale: Uint16Array,
  samples: Uint8Array | Uint8ClampedArray,
  to: number,
  stride: number,
): void {
  for (let i = 0; i < 64; i++) block[i] = coefficients[from + i]! * scale[i]!
  for (let column = 0; column < 8; column++) transform(block, column, 8, fraction - between)
  for (let row = 0; row < 8; row++) {
    transform(block, 8 * row, 1, fraction + between + 3)
    for (let column = 0; column < 8; column++) {
      const level = block[8 * row + column]! + 128
      samples[to + row * stride + column] = level < 0 ? 0 : Math.min(level, 255)
    }
  }
}
