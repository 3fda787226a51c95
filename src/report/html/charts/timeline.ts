import type { MeasuredUnit } from '../../../measure/result.ts'
import { durationText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, leftAxis, mark, symbol, unitClass } from '../chart.ts'
import { attributes } from '../markup.ts'
import { linearScale, logScale } from '../scale.ts'

/** The median of each block against the time at which it was measured. */
export function timelineChart(units: readonly MeasuredUnit[]): Chart {
  const area = frame(260, 76)
  const blocks = units.flatMap(({ steady }) => steady.blocks)
  const medians = blocks.map(({ median }) => median)
  const x = linearScale(0, Math.max(...blocks.map(({ before }) => before.at)) / 1000, area.left, area.width - area.right, 8)
  const y = logScale(Math.min(...medians) * 0.9, Math.max(...medians) * 1.1, area.height - area.bottom, area.top + 14)
  const lines = units.map((unit) => {
    const place = (block: (typeof blocks)[number]) => [x(block.before.at / 1000), y(block.median)] as const
    const path = unit.steady.blocks
      .map((block) =>
        place(block)
          .map((value) => value.toFixed(1))
          .join(','),
      )
      .join(' ')
    const marks = unit.steady.blocks.map((block, index) => {
      const [px, py] = place(block)
      const disturbed = block.disturbed === null ? '' : `, disturbed: ${block.disturbed}`
      const label = `${unit.units}, block ${index + 1}: ${durationText(block.median)} after ${durationText(block.before.at)}${disturbed}`
      const ring = block.disturbed === null ? '' : `<circle class="disturbed"${attributes({ cx: px, cy: py, r: 8 })}/>`
      return mark(label, unitClass(unit.units), ring + symbol(unit.units, px, py))
    })
    return `<polyline class="line ${unitClass(unit.units)}" points="${path}"/>${marks.join('')}`
  })
  return {
    kind: 'timeline',
    title: 'Latency over time',
    description: 'The median of each block. Units took turns in random order; a ring marks a disturbed block.',
    frame: area,
    units: units.map(({ units: name }) => name),
    content: `${bottomAxis(area, x, (value) => String(value), 'seconds since the comparison of this model began')}${leftAxis(area, y, durationText, 'median')}${lines.join('')}`,
    table: {
      head: ['unit and block', 'after', 'median', 'disturbed'],
      rows: units.flatMap(({ units: name, steady }) =>
        steady.blocks.map((block, index) => [
          `${name} ${index + 1}`,
          durationText(block.before.at),
          durationText(block.median),
          block.disturbed ?? 'no',
        ]),
      ),
    },
  }
}
