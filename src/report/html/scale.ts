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

/** Round numbers between which a logarithmic axis may begin and end. */
const roundFactors = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]

/** Ticks of a logarithmic axis: evenly spaced ones where it is short, 1-2-5 over some decades, whole decades beyond. */
function logTicks(from: number, to: number, most: number): number[] {
  if (to / from < 5) return linearScale(from, to, 0, 1, 5).ticks
  const [floor, ceiling] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))]
  const factors = to / from <= 300 ? [1, 2, 5] : [1]
  const every = Math.max(1, Math.ceil((ceiling - floor) / most))
  const decades = Array.from({ length: ceiling - floor + 1 }, (_, i) => floor + i).filter((_, i) => i % every === 0)
  return decades.flatMap((decade) => factors.map((factor) => Number((factor * 10 ** decade).toPrecision(12))))
}

/** A logarithmic axis that holds `lowest` and `highest`. A time of 0, which a coarse clock may give, has no place on it: it lies at its beginning. */
export function logScale(lowest: number, highest: number, start: number, end: number, most = 8): Scale {
  const high = highest > 0 ? highest : 1
  const low = lowest > 0 ? lowest : high / 1000
  const floor = Math.floor(Math.log10(low) + 1e-9)
  const decades = Math.ceil(Math.log10(high) - floor) + 1
  const round = Array.from({ length: decades + 1 }, (_, i) =>
    roundFactors.map((factor) => Number((factor * 10 ** (floor + i)).toPrecision(12))),
  ).flat()
  const from = round.filter((value) => value <= low * 1.0001).at(-1)!
  const to = round.find((value) => value >= high * 0.9999 && value > from)!
  const ticks = logTicks(from, to, most).filter((tick) => tick >= from * 0.9999 && tick <= to * 1.0001)
  const width = Math.log10(to / from)
  return Object.assign((value: number) => start + (Math.log10(Math.max(value, from) / from) / width) * (end - start), { ticks })
}
