import colors from 'picocolors'
import type { CompareResult, MeasuredUnit, ModelResult } from '../measure/result.ts'
import { allNotes, type Column, headings, machineText, missingUnits, modelText, type Row, rowsOf, usedColumns } from './cells.ts'

/** Columns that give way first where the terminal is narrow. */
const dispensable: readonly Column[] = ['interval', 'perSecond', 'coldLoad', 'p99', 'first', 'energy', 'load']
const barWidth = 12
const noColors = colors.createColors(false)

/** A bar of eighths of blocks, as long as `share` of the width. */
function bar(share: number): string {
  const eighths = Math.max(1, Math.round(share * barWidth * 8))
  const rest = eighths % 8
  return '█'.repeat(Math.floor(eighths / 8)) + (rest > 0 ? String.fromCharCode(0x2590 - rest) : '')
}

function slowest(model: ModelResult): number {
  return Math.max(...model.units.flatMap((unit) => (unit.status === 'measured' ? [unit.steady.median.value] : [])))
}

interface Line {
  row: Row
  texts: string[]
}

function lineOf(row: Row, columns: readonly Column[], bars: boolean, first: boolean): Line {
  const { model, unit, cells } = row
  const texts = [first ? modelText(model) : '', unit.units]
  if ('text' in cells) return { row, texts: [...texts, cells.text] }
  if (bars) texts.push(bar((unit as MeasuredUnit).steady.median.value / slowest(model)))
  return { row, texts: [...texts, ...columns.map((column) => cells[column])] }
}

function paint(line: Line, text: string, column: number, paints: typeof noColors): string {
  const { unit } = line.row
  if (unit.status !== 'measured') return column > 1 ? paints.red(text) : text
  if (column === line.texts.length - 1 && unit.accuracy.status === 'checked')
    return unit.accuracy.passed ? paints.green(text) : paints.red(text)
  if (column === 0) return paints.bold(text)
  return text
}

function table(result: CompareResult, width: number, paints: typeof noColors): string[] {
  const rows = rowsOf(result)
  const bars = result.models.some(({ units }) => units.filter(({ status }) => status === 'measured').length > 1)
  let columns = usedColumns(rows)
  const build = () => {
    const head = ['model', 'unit', ...(bars ? ['time'] : []), ...columns.map((column) => headings[column])]
    const lines = rows.map((row, index) => lineOf(row, columns, bars, rows[index - 1]?.model !== row.model))
    const widths = head.map((text, column) =>
      Math.max(text.length, ...lines.filter(({ texts }) => texts.length > 3 || column < 2).map(({ texts }) => texts[column]?.length ?? 0)),
    )
    return { head, lines, widths, total: widths.reduce((sum, one) => sum + one + 2, 0) }
  }
  let built = build()
  for (const column of dispensable) {
    if (built.total <= width) break
    columns = columns.filter((candidate) => candidate !== column)
    built = build()
  }
  const { head, lines, widths } = built
  // Numbers are read from the right, names, bars and words from the left.
  const fromLeft = (column: number) => column < (bars ? 3 : 2) || column === head.length - 1
  const pad = (text: string, column: number) => (fromLeft(column) ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))
  return [
    paints.dim(head.map(pad).join('  ').trimEnd()),
    ...lines.map((line) =>
      line.texts
        .map((text, column) => paint(line, pad(text, column), column, paints))
        .join('  ')
        .trimEnd(),
    ),
  ]
}

/** A comparison as text for a terminal: a table with bars, a verdict for each model, and what is missing and why. */
export function consoleReport(result: CompareResult, { width = 100, color = false }: { width?: number; color?: boolean } = {}): string {
  const paints = color ? colors.createColors(true) : noColors
  const lines = [paints.dim(machineText(result)), '', ...table(result, width, paints), '']
  for (const model of result.models) lines.push(`${paints.bold(`${model.name}:`)} ${model.verdict}`)
  const missing = missingUnits(result)
  if (missing.length > 0) lines.push('', 'Not on this machine:', ...missing.map((text) => `  ${text}`))
  const notes = allNotes(result)
  if (notes.length > 0) lines.push('', 'Notes:', ...notes.map((text) => `  ${text}`))
  if (lines.some((line) => line.includes(' ~'))) lines.push('', paints.dim('~ unstable: see the verdict'))
  return `${lines.join('\n')}\n`
}
