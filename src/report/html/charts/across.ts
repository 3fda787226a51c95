import type { MeasuredUnit } from '../../../measure/result.ts'
import { durationText, intervalText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, mark, symbol, text, unitClass } from '../chart.ts'
import { attributes } from '../markup.ts'
import { logScale } from '../scale.ts'

const rowHeight = 40

/** One model on several machines or days. */
export interface Series {
  label: string
  units: readonly MeasuredUnit[]
}

/** Medians of one model on several machines or days, side by side. */
export function acrossChart(series: readonly Series[]): Chart {
  const area = frame(54 + rowHeight * series.length, 250)
  const medians = series.flatMap(({ units }) => units.map(({ steady }) => steady.median))
  const ends = medians.flatMap(({ value, interval }) => interval ?? [value, value])
  const scale = logScale(Math.min(...ends) * 0.9, Math.max(...ends) * 1.1, area.left, area.width - area.right)
  const rows = series.map(({ label, units }, row) => {
    const middle = area.top + rowHeight * (row + 0.5)
    const marks = units.map(({ units: name, steady: { median } }, i) => {
      // Units of one row stand a little apart, so that equal ones do not hide each other.
      const y = middle + (i - (units.length - 1) / 2) * 7
      const spread = median.interval ? `, 95 % interval ${intervalText(median.interval, durationText)}` : ''
      const whisker = median.interval
        ? `<line class="range"${attributes({ x1: scale(median.interval[0]), x2: scale(median.interval[1]), y1: y, y2: y })}/>`
        : ''
      return mark(
        `${label}, ${name}: ${durationText(median.value)}${spread}`,
        unitClass(name),
        whisker + symbol(name, scale(median.value), y),
      )
    })
    return text(0, middle + 4, label, 'start', 'name') + marks.join('')
  })
  const names = [...new Set(series.flatMap(({ units }) => units.map(({ units: name }) => name)))]
  return {
    kind: 'across',
    title: 'All results side by side',
    description: 'Median time of a prediction with its 95 % interval. Differences below 2 % between machines mean nothing.',
    frame: area,
    units: names,
    content: `${bottomAxis(area, scale, durationText, 'median time of one prediction, logarithmic')}${rows.join('')}`,
    table: {
      head: ['result', ...names],
      rows: series.map(({ label, units }) => [
        label,
        ...names.map((name) => {
          const unit = units.find(({ units: candidate }) => candidate === name)
          return unit ? durationText(unit.steady.median.value) : '–'
        }),
      ]),
    },
  }
}
