import type { MeasuredUnit } from '../../../measure/result.ts'
import { percentText } from '../../../measure/words.ts'
import { type Chart, frame, mark, text, valueColumn, valueText } from '../chart.ts'
import { horizontalBar } from './bars.ts'

const rowHeight = 40
const devices = ['cpu', 'gpu', 'neuralEngine', 'unknown'] as const
const names = { cpu: 'CPU', gpu: 'GPU', neuralEngine: 'Neural Engine', unknown: 'not told' }

/** Where each op is planned to run, in the order of the program; wide ops cost more. */
export function placementChart(units: readonly MeasuredUnit[]): Chart | null {
  const known = units.flatMap(({ units: name, placement }) => ('perOperation' in placement ? [{ name, placement }] : []))
  if (known.length === 0) return null
  const area = { ...frame(30 + rowHeight * known.length), bottom: 24, right: valueColumn }
  const width = area.width - area.left - area.right
  const rows = known.map(({ name, placement: { operations, perOperation } }, row) => {
    const middle = area.top + rowHeight * (row + 0.5)
    // Every op stays visible, however little it costs.
    const weights = perOperation.map(({ cost }) => (cost ?? 0) + 0.25 / perOperation.length)
    const sum = weights.reduce((all, weight) => all + weight, 0)
    let at = area.left
    const marks = perOperation.map((operation, index) => {
      const start = at
      at += (width * weights[index]!) / sum
      const cost = operation.cost === null ? '' : `, ${percentText(operation.cost)} of the cost`
      const supported = operation.supported.map((device) => names[device]).join(', ') || 'nothing'
      const label = `${name}: ${operation.name} (${operation.operator}) planned for ${names[operation.preferred]}${cost}; supported by ${supported}`
      return mark(label, `device-${operation.preferred}`, horizontalBar(start, Math.max(start + 1, at - 0.5), middle, 24))
    })
    return (
      text(0, middle + 4, name, 'start', 'name') +
      marks.join('') +
      valueText(area, middle, `${percentText(operations.neuralEngine ?? 0)} NE`)
    )
  })
  const keys = devices
    .map((device, i) => `<tspan class="device-${device}" dx="${i === 0 ? 0 : 14}">■ </tspan><tspan>${names[device]}</tspan>`)
    .join('')
  return {
    kind: 'placement',
    title: 'Planned placement of each op',
    description:
      'Core ML’s plan, which is no trace: what really ran where, only counters can show. Width is estimated cost; the figure is the share of ops planned for the Neural Engine.',
    frame: area,
    content: `${rows.join('')}<text x="${area.left}" y="${area.height - 6}" class="note" aria-hidden="true">${keys}</text>`,
    table: {
      head: ['unit and op', 'operator', 'planned for', 'supported by', 'cost'],
      rows: known.flatMap(({ name, placement }) =>
        placement.perOperation.map(({ name: op, operator, preferred, supported, cost }) => [
          `${name} ${op}`,
          operator,
          names[preferred],
          supported.map((device) => names[device]).join(', '),
          cost === null ? 'not told' : percentText(cost),
        ]),
      ),
    },
  }
}
