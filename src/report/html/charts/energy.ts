import type { MeasuredUnit } from '../../../measure/result.ts'
import { intervalText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, mark, text, valueColumn, valueText } from '../chart.ts'
import { escapeText } from '../markup.ts'
import { linearScale } from '../scale.ts'
import { horizontalBar } from './bars.ts'

const rowHeight = 36
const millijoules = (value: number) => `${value.toPrecision(3)} mJ`

/** Energy of a prediction by rail, where counters tell it. Units without figures are named with the reason. */
export function energyChart(units: readonly MeasuredUnit[]): Chart | null {
  const known = units.flatMap(({ units: name, energy }) => ('total' in energy ? [{ name, energy }] : []))
  if (known.length === 0) return null
  const rails = [...new Set(known.flatMap(({ energy }) => Object.keys(energy.rails)))]
  const area = { ...frame(54 + rowHeight * units.length), right: valueColumn }
  const reach = known.map(({ energy }) => Object.values(energy.rails).reduce((sum, { value }) => sum + Math.max(0, value), 0))
  const scale = linearScale(0, Math.max(...reach), area.left, area.width - area.right)
  const rows = units.map((unit, row) => {
    const middle = area.top + rowHeight * (row + 0.5)
    const name = text(0, middle + 4, unit.units, 'start', 'name')
    const { energy } = unit
    if (!('total' in energy)) return name + text(area.left + 6, middle + 4, 'unavailable, for the reason below', 'start', 'note')
    let sum = 0
    const parts = Object.entries(energy.rails).map(([rail, { value, interval }]) => {
      const start = sum
      sum += Math.max(0, value)
      const spread = interval ? `, 95 % interval ${intervalText(interval)} mJ` : ''
      const label = `${unit.units}, ${rail}: ${millijoules(value)}${spread}`
      return mark(label, `rail-${rails.indexOf(rail) % 6}`, horizontalBar(scale(start), scale(sum), middle))
    })
    return name + parts.join('') + valueText(area, middle, millijoules(energy.total.value))
  })
  const keys = rails
    .map((rail, i) => `<tspan class="rail-${i % 6}" dx="${i === 0 ? 0 : 12}">■ </tspan><tspan>${escapeText(rail)}</tspan>`)
    .join('')
  return {
    kind: 'energy',
    title: 'Energy of a prediction',
    description: 'What the machine takes beyond its idle power, by rail. The sum counts: work saved on one rail may be spent on another.',
    frame: { ...area, height: area.height + 22 },
    content: `${bottomAxis(area, scale, (value) => String(value), 'millijoules')}${rows.join('')}<text x="${area.left}" y="${area.height + 14}" class="note" aria-hidden="true">${keys}</text>`,
    table: {
      head: ['unit', 'total', ...rails],
      rows: units.map(({ units: name, energy }) =>
        'total' in energy
          ? [
              name,
              millijoules(energy.total.value),
              ...rails.map((rail) => (energy.rails[rail] ? millijoules(energy.rails[rail].value) : '–')),
            ]
          : [name, `unavailable: ${energy.unavailable}`, ...rails.map(() => '–')],
      ),
    },
  }
}
