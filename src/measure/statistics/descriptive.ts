/** The values in ascending order, as a new array. */
export function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort()
}

/** Arithmetic mean; NaN for no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

/** Sample standard deviation (n − 1); NaN for fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  const center = mean(values)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i]! - center) ** 2
  return values.length < 2 ? Number.NaN : Math.sqrt(sum / (values.length - 1))
}

/** Quantile of ascending values with linear interpolation between order statistics (numpy's default); NaN for no values. */
export function quantileOfSorted(ascending: ArrayLike<number>, probability: number): number {
  if (ascending.length === 0) return Number.NaN
  const position = (ascending.length - 1) * probability
  const below = Math.floor(position)
  const low = ascending[below]!
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!
  return low + (high - low) * (position - below)
}

/** Quantile with linear interpolation between order statistics. */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return quantileOfSorted(sorted(values), probability)
}

/** Median: the middle value, or the mean of the two middle ones. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5)
}

/** Median absolute deviation from the median, not scaled. */
export function medianAbsoluteDeviation(values: ArrayLike<number>): number {
  const center = median(values)
  return median(Array.from(values, (value) => Math.abs(value - center)))
}
