import type { MeasuredUnit, OutputAccuracy } from '../../../measure/result.ts'
import { decibelText, percentText } from '../../../measure/words.ts'
import { bottomAxis, type Chart, frame, mark, text, unitClass, valueColumn, valueText } from '../chart.ts'
import { linearScale } from '../scale.ts'
import { horizontalBar } from './bars.ts'

const rowHeight = 30

function words({ psnr, maxError, top1, nonFinite, passed, note }: OutputAccuracy): string {
  const parts = [passed ? 'right' : 'WRONG']
  if (psnr !== null) parts.push(`PSNR ${decibelText(psnr)}`)
  if (maxError !== null) parts.push(`largest error ${maxError.toPrecision(3)}`)
  if (top1 !== null) parts.push(`best label equal in ${percentText(top1)}`)
  if (nonFinite > 0) parts.push(`${nonFinite} not finite`)
  if (note !== null) parts.push(note)
  return parts.join(', ')
}

function figureText({ psnr, passed }: OutputAccuracy): string {
  if (psnr === null) return passed ? 'equal' : 'wrong'
  return decibelText(psnr)
}

/** How far each output is from the reference, on each unit whose outputs were checked. */
export function accuracyChart(units: readonly MeasuredUnit[]): Chart | null {
  const rows = units.flatMap(({ units: name, accuracy }) =>
    accuracy.status === 'checked' ? accuracy.outputs.map((output) => ({ name, output })) : [],
  )
  if (rows.length === 0) return null
  const area = { ...frame(54 + rowHeight * rows.length, 230), right: valueColumn }
  const most = Math.max(80, ...rows.map(({ output }) => output.psnr ?? 0))
  const scale = linearScale(0, most, area.left, area.width - area.right)
  const drawn = rows.map(({ name, output }, row) => {
    const middle = area.top + rowHeight * (row + 0.5)
    // Equal outputs have no finite PSNR, and outputs without one that failed have nothing to show but the words.
    const end = output.psnr === null ? (output.passed ? area.width - area.right : area.left + 2) : scale(Math.max(0, output.psnr))
    const bar = horizontalBar(area.left, end, middle, 16, output.passed ? undefined : 'wrong')
    const sign = text(
      end - 6 < area.left + 20 ? end + 6 : end - 6,
      middle + 4,
      output.passed ? '✓' : '✗',
      end - 6 < area.left + 20 ? 'start' : 'end',
      'sign',
    )
    return `${text(0, middle + 4, `${name}: ${output.name}`, 'start', 'name')}${mark(`${name}, output ${output.name}: ${words(output)}`, unitClass(name), bar + sign)}${valueText(area, middle, figureText(output))}`
  })
  return {
    kind: 'accuracy',
    title: 'Outputs against the reference',
    description: 'Peak signal-to-noise ratio of the worst case: more is better; a full bar is equal.',
    frame: area,
    content: `${bottomAxis(area, scale, (value) => String(value), 'dB')}${drawn.join('')}`,
    table: {
      head: ['unit and output', 'verdict'],
      rows: rows.map(({ name, output }) => [`${name} ${output.name}`, words(output)]),
    },
  }
}
