import { isMeasured } from '../../../measure/figure.ts'
import type { MeasuredUnit } from '../../../measure/result.ts'
import { countText, durationText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, leftAxis, mark, symbol, text, unitClass } from '../chart.ts'
import { attributes } from '../markup.ts'
import { logScale } from '../scale.ts'

const steps = 60

/** Milliseconds that load and `count` predictions take in all. */
function total({ phases, steady }: MeasuredUnit, count: number): number {
  const part = (name: 'cachedLoad' | 'firstPrediction') => {
    const figure = phases[name]
    return isMeasured(figure) ? figure.value : 0
  }
  return part('cachedLoad') + part('firstPrediction') + (count - 1) * steady.median.value
}

/** Load and predictions added up: where a line crosses that of the CPU, the load has paid. */
export function breakEvenChart(units: readonly MeasuredUnit[]): Chart {
  const area = frame(280, 76)
  const crossings = units.flatMap((unit) => (unit.breakEven.status === 'after' ? [{ unit, count: unit.breakEven.cached }] : []))
  const slowest = Math.max(...units.map(({ steady }) => steady.median.value))
  const longestLoad = Math.max(...units.map((unit) => total(unit, 1)))
  const most = Math.max(100, ...crossings.map(({ count }) => count * 10), Math.min(1e6, (10 * longestLoad) / slowest))
  const x = logScale(1, most, area.left, area.width - area.right)
  const y = logScale(
    Math.min(...units.map((unit) => total(unit, 1))) * 0.8,
    Math.max(...units.map((unit) => total(unit, most))),
    area.height - area.bottom,
    area.top + 14,
  )
  const end = x.ticks.at(-1)!
  const lines = units.map((unit) => {
    const points = Array.from({ length: steps + 1 }, (_, i) => {
      const count = end ** (i / steps)
      return `${x(count).toFixed(1)},${y(total(unit, count)).toFixed(1)}`
    })
    const start = total(unit, 1)
    const label = `${unit.units}: load and first prediction ${durationText(start)}, then ${durationText(unit.steady.median.value)} each`
    return `<polyline class="line ${unitClass(unit.units)}" points="${points.join(' ')}"/>${mark(label, unitClass(unit.units), symbol(unit.units, x(1), y(start)))}`
  })
  const pays = crossings.map(({ unit, count }) => {
    const px = x(count)
    const label = `${unit.units}: its load has paid after ${countText(count)} predictions`
    const line = `<line class="pays"${attributes({ x1: px, x2: px, y1: area.top + 14, y2: area.height - area.bottom })}/>`
    const words = text(px + 5, area.top + 26, countText(count), 'start', 'note')
    return mark(label, `crossing ${unitClass(unit.units)}`, line + words + symbol(unit.units, px, y(total(unit, count)), 6))
  })
  return {
    kind: 'breakEven',
    title: 'Load against speed',
    description: 'Load, first prediction and all that follow, added up. The dashed line is where a unit has caught up with cpuOnly.',
    frame: area,
    units: units.map(({ units: name }) => name),
    content: `${bottomAxis(area, x, countText, 'predictions, logarithmic')}${leftAxis(area, y, durationText, 'total time')}${lines.join('')}${pays.join('')}`,
    table: {
      head: ['unit', 'load and first prediction', 'each further prediction', 'load has paid after'],
      rows: units.map((unit) => [
        unit.units,
        durationText(total(unit, 1)),
        durationText(unit.steady.median.value),
        unit.breakEven.status === 'after'
          ? `${countText(unit.breakEven.cached)} predictions`
          : unit.breakEven.status === 'never'
            ? `never: ${unit.breakEven.reason}`
            : 'reference',
      ]),
    },
  }
}
