/** The functions that post-evaluation transforms are made of, in double precision. */

/** 1 / (1 + e^-x), without overflow for large |x|. */
export function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const e = Math.exp(x)
  return e / (1 + e)
}

/** e^x_i / Σ e^x_j, shifted by the maximum so that nothing overflows. */
export function softmax(scores: ArrayLike<number>): number[] {
  const values = Array.from(scores)
  const top = Math.max(...values)
  const powers = values.map((score) => Math.exp(score - top))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** Φ: the cumulative distribution function of the standard normal distribution, to double precision in both tails. */
export function normalDistribution(x: number): number {
  if (Number.isNaN(x)) return x
  if (Math.abs(x) < 3) return 0.5 + centralArea(x)
  const tail = upperTail(Math.abs(x))
  return x > 0 ? 1 - tail : tail
}

/** Φ(x) − ½ by the series φ(x)·(x + x³/3 + x⁵/15 + …), whose terms all have one sign. */
function centralArea(x: number): number {
  let term = x
  let sum = x
  for (let odd = 3; Math.abs(term) > Math.abs(sum) * 1e-17; odd += 2) {
    term *= (x * x) / odd
    sum += term
  }
  return sum * density(x)
}

/** 1 − Φ(x) for x ≥ 3 by Laplace's continued fraction φ(x) / (x + 1/(x + 2/(x + …))), from the inside out. */
function upperTail(x: number): number {
  if (x > 40) return 0
  let fraction = x
  for (let n = 200; n > 0; n--) fraction = x + n / fraction
  return density(x) / fraction
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
}

/** Index of the first greatest value. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
