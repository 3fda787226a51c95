import type { MeasuredUnit } from '../../../measure/result.ts'
import { durationText, intervalText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, mark, symbol, text, unitClass, valueColumn, valueText } from '../chart.ts'
import { attributes } from '../markup.ts'
import { logScale, type Scale } from '../scale.ts'

const rowHeight = 58
const bins = 60

/** Outline of how often each latency occurred, mirrored around the row's middle. */
function outline(samples: readonly number[], scale: Scale, middle: number, from: number, to: number): string {
  const counts = new Array<number>(bins).fill(0)
  for (const sample of samples) {
    const bin = Math.floor(((scale(sample) - from) / (to - from)) * bins)
    counts[Math.min(bins - 1, Math.max(0, bin))]!++
  }
  const most = Math.max(...counts)
  const width = (to - from) / bins
  const edge = (side: 1 | -1) =>
    counts.map((count, bin) => `${(from + (bin + 0.5) * width).toFixed(1)},${(middle + (side * 20 * count) / most).toFixed(1)}`)
  return `<polygon class="outline" points="${[...edge(-1), ...edge(1).reverse()].join(' ')}"/>`
}

/** How the times of single predictions spread on each unit. */
export function distributionChart(units: readonly MeasuredUnit[]): Chart {
  const area = { ...frame(54 + rowHeight * units.length), right: valueColumn }
  const low = Math.min(...units.map(({ steady }) => steady.minimum.value))
  const high = Math.max(...units.map(({ steady }) => steady.p99.value * 1.2))
  const [from, to] = [area.left, area.width - area.right]
  const scale = logScale(low, high, from, to)
  const rows = units.map((unit, row) => {
    const { median, p90, p99, minimum, blocks } = unit.steady
    const middle = area.top + rowHeight * (row + 0.5)
    const interval = median.interval ? `, 95 % interval ${intervalText(median.interval, durationText)}` : ''
    const label = `${unit.units}: median ${durationText(median.value)}${interval}, p90 ${durationText(p90.value)}, p99 ${durationText(p99.value)}, least ${durationText(minimum.value)}`
    const tick = (value: number, half: number, kind: string) =>
      `<line class="${kind}"${attributes({ x1: scale(value), x2: scale(value), y1: middle - half, y2: middle + half })}/>`
    const shape = `${outline(
      blocks.flatMap(({ samples }) => samples),
      scale,
      middle,
      from,
      to,
    )}<line class="range"${attributes({ x1: scale(minimum.value), x2: scale(p99.value), y1: middle, y2: middle })}/>${tick(p90.value, 7, 'quantile')}${tick(p99.value, 10, 'quantile')}${symbol(unit.units, scale(median.value), middle, 6)}`
    return `${text(0, middle + 4, unit.units, 'start', 'name')}${mark(label, unitClass(unit.units), shape)}${valueText(area, middle, durationText(median.value))}`
  })
  return {
    kind: 'distribution',
    title: 'Latency of a prediction',
    description:
      'Steady state. The outline shows how often each time occurred; the symbol and the figure are the median, the ticks p90 and p99.',
    frame: area,
    content: `${bottomAxis(area, scale, durationText, 'time of one prediction, logarithmic')}${rows.join('')}`,
    table: {
      head: ['unit', 'median', '95 % interval', 'p90', 'p99', 'least'],
      rows: units.map(({ units: name, steady: { median, p90, p99, minimum } }) => [
        name,
        durationText(median.value),
        median.interval ? intervalText(median.interval, durationText) : 'one block',
        durationText(p90.value),
        durationText(p99.value),
        durationText(minimum.value),
      ]),
    },
  }
}
