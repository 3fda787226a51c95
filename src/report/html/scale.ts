/** Places values on an axis. */
export interface Scale {
  (value: number): number
  ticks: number[]
}

const steps = [1, 2, 5, 10]

/** A linear axis from 0 (or below, where values are negative) to at least `high`. */
export function linearScale(low: number, high: number, start: number, end: number, count = 5): Scale {
  const span = high - low || Math.abs(high) || 1
  const magnitude = 10 ** Math.floor(Math.log10(span / count))
  const step = magnitude * steps.find((factor) => span / (magnitude * factor) <= count)!
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9))
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
  const [from, to] = [ticks[0]!, ticks.at(-1)!]
  return Object.assign((value: number) => start + ((value - from) / (to - from)) * (end - start), { ticks })
}

/** A logarithmic axis that holds `low` and `high`, both positive. */
export function logScale(low: number, high: number, start: number, end: number, most = 8): Scale {
  const floor = Math.floor(Math.log10(low) + 1e-9)
  const ceiling = Math.max(floor + 1, Math.ceil(Math.log10(high) - 1e-9))
  const decades = ceiling - floor
  const factors = decades <= 2 ? [1, 2, 5] : [1]
  const every = Math.max(1, Math.ceil(decades / most))
  const all = Array.from({ length: decades + 1 }, (_, i) => floor + i).filter((_, i) => i % every === 0)
  // The ends are the nearest of 1, 2, 5 that hold the values, not whole decades.
  const fine = Array.from({ length: decades + 1 }, (_, i) => [1, 2, 5].map((factor) => factor * 10 ** (floor + i))).flat()
  const from = fine.filter((value) => value <= low * 1.0001).at(-1) ?? 10 ** floor
  const to = fine.find((value) => value >= high * 0.9999 && value > from) ?? 10 ** ceiling
  const ticks = all
    .flatMap((decade) => factors.map((factor) => Number((factor * 10 ** decade).toPrecision(12))))
    .filter((tick) => tick >= from && tick <= to)
  const width = Math.log10(to / from)
  return Object.assign((value: number) => start + (Math.log10(value / from) / width) * (end - start), { ticks })
}
