/** Which source samples make one sample of the result, and with what weights. */
interface Taps {
  first: number
  weights: Float64Array
}

/** Triangle filter, widened when shrinking so that every source sample counts. Sample centres lie at half-integers. */
function tapsOf(from: number, start: number, length: number, to: number): Taps[] {
  const scale = length / to
  const support = Math.max(1, scale)
  return Array.from({ length: to }, (_, i) => {
    const center = start + (i + 0.5) * scale
    const first = Math.max(0, Math.floor(center - support + 0.5))
    const end = Math.min(from, Math.floor(center + support + 0.5))
    const weights = new Float64Array(end - first)
    let sum = 0
    for (let k = 0; k < weights.length; k++) {
      const weight = Math.max(0, 1 - Math.abs((first + k + 0.5 - center) / support))
      weights[k] = weight
      sum += weight
    }
    for (let k = 0; k < weights.length; k++) weights[k] = weights[k]! / sum
    return { first, weights }
  })
}

/** Part of a source image, in pixels; fractions are allowed. */
export interface Region {
  x: number
  y: number
  width: number
  height: number
}

/**
 * Resizes packed pixels: bilinear interpolation when enlarging, weighted over all source pixels when shrinking (what Pillow calls `BILINEAR`
 * and torchvision `antialias=True`), rows first. 8-bit pixels are rounded to whole levels.
 */
export function resizePixels<Samples extends Uint8Array | Float32Array>(
  data: Samples,
  width: number,
  height: number,
  channels: number,
  toWidth: number,
  toHeight: number,
  region: Region = { x: 0, y: 0, width, height },
): Samples {
  const whole = data instanceof Uint8Array
  const samples = (count: number) => (whole ? new Uint8Array(count) : new Float32Array(count)) as Samples
  // Storing into an array of bytes drops the fraction.
  const rounding = whole ? 0.5 : 0
  const columns = tapsOf(width, region.x, region.width, toWidth)
  const rows = tapsOf(height, region.y, region.height, toHeight)
  const firstRow = rows[0]!.first
  const last = rows[rows.length - 1]!
  const usedRows = last.first + last.weights.length - firstRow
  const middle = samples(usedRows * toWidth * channels)
  for (let y = 0; y < usedRows; y++) {
    const line = (firstRow + y) * width * channels
    for (let x = 0; x < toWidth; x++) {
      const { first, weights } = columns[x]!
      for (let c = 0; c < channels; c++) {
        let sum = rounding
        for (let k = 0, at = line + first * channels + c; k < weights.length; k++, at += channels) sum += weights[k]! * data[at]!
        middle[(y * toWidth + x) * channels + c] = sum
      }
    }
  }
  const out = samples(toWidth * toHeight * channels)
  const stride = toWidth * channels
  for (let y = 0; y < toHeight; y++) {
    const { first, weights } = rows[y]!
    for (let x = 0; x < stride; x++) {
      let sum = rounding
      for (let k = 0, at = (first - firstRow) * stride + x; k < weights.length; k++, at += stride) sum += weights[k]! * middle[at]!
      out[y * stride + x] = sum
    }
  }
  return out
}
