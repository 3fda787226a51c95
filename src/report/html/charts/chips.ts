import { chips } from '../../../chips/catalogue.ts'
import { engineCoresText } from '../../chips.ts'
import { bottomAxis, type Chart, frame, mark, text } from '../chart.ts'
import { linearScale } from '../scale.ts'
import { horizontalBar } from './bars.ts'

const rowHeight = 20

/** Apple's chips by the speed that Apple quotes for their Neural Engines; `own` are chips of the results. */
export function chipsChart(own: ReadonlySet<string>): Chart {
  const area = frame(54 + rowHeight * chips.length, 110)
  const scale = linearScale(0, Math.max(...chips.map(({ tops }) => tops ?? 0)), area.left, area.width - area.right)
  const rows = chips.map((chip, row) => {
    const { name, tops, topsPrecision, coreML } = chip
    const middle = area.top + rowHeight * (row + 0.5)
    const figure = tops === null ? 'no figure quoted' : `${tops} TOPS (${topsPrecision})`
    const usable = coreML ? '' : ', not usable by Core ML'
    const label = `${name}: ${engineCoresText(chip)} cores, ${figure}${usable}`
    const words = text(
      scale(tops ?? 0) + 6,
      middle + 4,
      tops === null ? 'not quoted' : `${tops} ${topsPrecision}${usable}`,
      'start',
      'note',
    )
    const bar = tops === null ? horizontalBar(scale(0), scale(0), middle, 12) : horizontalBar(scale(0), scale(tops), middle, 12)
    return `${text(0, middle + 4, own.has(name) ? `→ ${name}` : name, 'start', own.has(name) ? 'name own' : 'name')}${mark(label, `tops-${topsPrecision ?? 'none'}`, bar + words)}`
  })
  return {
    kind: 'chips',
    title: 'Neural Engines of Apple’s chips',
    description:
      'Apple’s own figures: half precision through A16 and M3, 8-bit from A17 Pro and M4 on, so that the two cannot be compared. → is a chip of these results. Cores with "?" are presumed.',
    frame: area,
    content: `${bottomAxis(area, scale, (value) => String(value), 'TOPS as quoted by Apple')}${rows.join('')}`,
    table: {
      head: ['chip', 'year', 'cores', 'TOPS', 'precision', 'process', 'Core ML'],
      rows: chips.map((chip) => [
        chip.name,
        String(chip.year),
        engineCoresText(chip),
        String(chip.tops ?? 'not quoted'),
        chip.topsPrecision ?? '–',
        chip.process,
        chip.coreML ? 'yes' : 'no',
      ]),
    },
  }
}
