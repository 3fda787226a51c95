import type { MeasuredUnit } from '../../../measure/result.ts'
import { countText, durationText, percentText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, leftAxis, mark, symbol, unitClass } from '../chart.ts'
import { linearScale } from '../scale.ts'

/** Predictions a second in each window of the sustained run. */
export function sustainedChart(units: readonly MeasuredUnit[]): Chart | null {
  const known = units.flatMap(({ units: name, sustained }) => ('windows' in sustained ? [{ name, sustained }] : []))
  if (known.length === 0) return null
  const area = frame(240, 76)
  const x = linearScale(
    0,
    Math.max(...known.map(({ sustained }) => sustained.durationMilliseconds)) / 1000,
    area.left,
    area.width - area.right,
    8,
  )
  const y = linearScale(0, Math.max(...known.flatMap(({ sustained }) => sustained.windows)), area.height - area.bottom, area.top + 14)
  const lines = known.map(({ name, sustained: { windows, windowMilliseconds } }) => {
    const places = windows.map((rate, i) => [x(((i + 1) * windowMilliseconds) / 1000), y(rate)] as const)
    const marks = places.map(([px, py], i) => {
      const label = `${name}, up to ${durationText((i + 1) * windowMilliseconds)}: ${countText(windows[i]!)} predictions a second`
      return mark(label, unitClass(name), symbol(name, px, py))
    })
    return `<polyline class="line ${unitClass(name)}" points="${places.map((place) => place.map((value) => value.toFixed(1)).join(',')).join(' ')}"/>${marks.join('')}`
  })
  return {
    kind: 'sustained',
    title: 'Sustained speed',
    description: 'Without a pause. The last window against the best tells what heat costs; it depends on the duration.',
    frame: area,
    units: known.map(({ name }) => name),
    content: `${bottomAxis(area, x, (value) => String(value), 'seconds')}${leftAxis(area, y, countText, 'predictions a second')}${lines.join('')}`,
    table: {
      head: ['unit', 'duration', 'last window', 'last against best'],
      rows: known.map(({ name, sustained }) => [
        name,
        durationText(sustained.durationMilliseconds),
        `${countText(sustained.last.value)} a second`,
        percentText(sustained.lastAgainstBest.value),
      ]),
    },
  }
}
