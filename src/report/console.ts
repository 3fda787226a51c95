import { stripVTControlCharacters } from 'node:util'
import colors from 'picocolors'
import type { CompareResult, MeasuredUnit, ModelResult } from '../measure/result.ts'
import { allNotes, type Column, headings, missingUnits, modelText, type Row, rowsOf, usedColumns } from './cells.ts'
import { machineText } from './machine.ts'

/** Columns that give way first where the terminal is narrow. */
const dispensable: readonly Column[] = ['interval', 'perSecond', 'coldLoad', 'p99', 'first', 'energy', 'load']
/** Characters of the longest bar, and in a narrow terminal. */
const barWidths = { wide: 12, narrow: 6 }
/** Width of the table where nothing is told of the terminal, as for a file. */
const defaultWidth = 140
const noColors = colors.createColors(false)

/** A bar of eighths of blocks, as long as `share` of the width. */
function bar(share: number, width: number): string {
  const eighths = Math.max(1, Math.round(share * width * 8))
  const rest = eighths % 8
  return '█'.repeat(Math.floor(eighths / 8)) + (rest > 0 ? String.fromCharCode(0x2590 - rest) : '')
}

/** Breaks a line between words; what follows the first break is indented. */
function wrap(text: string, width: number, indent = '  '): string {
  const lines: string[] = []
  let line = text.slice(0, text.length - text.trimStart().length)
  let started = false
  for (const word of text.trimStart().split(' ')) {
    const longer = started ? `${line} ${word}` : line + word
    if (started && stripVTControlCharacters(longer).length > width) {
      lines.push(line)
      line = indent + word
    } else line = longer
    started = true
  }
  return [...lines, line].join('\n')
}

function slowest(model: ModelResult): number {
  return Math.max(...model.units.flatMap((unit) => (unit.status === 'measured' ? [unit.steady.median.value] : [])))
}

interface Line {
  row: Row
  texts: string[]
}

function lineOf(row: Row, columns: readonly Column[], { bars, narrow, first }: { bars: boolean; narrow: boolean; first: boolean }): Line {
  const { model, unit, cells } = row
  const name = narrow ? model.name : modelText(model)
  const texts = [first ? name : '', unit.units]
  if ('text' in cells) return { row, texts: [...texts, cells.text] }
  const barWidth = narrow ? barWidths.narrow : barWidths.wide
  if (bars) texts.push(bar((unit as MeasuredUnit).steady.median.value / slowest(model), barWidth))
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
  const build = (narrow = false) => {
    const head = ['model', 'unit', ...(bars ? ['time'] : []), ...columns.map((column) => headings[column])]
    const lines = rows.map((row, index) => lineOf(row, columns, { bars, narrow, first: rows[index - 1]?.model !== row.model }))
    const widths = head.map((text, column) =>
      Math.max(text.length, ...lines.filter(({ texts }) => texts.length > 3 || column < 2).map(({ texts }) => texts[column]?.length ?? 0)),
    )
    return { head, lines, widths, total: widths.reduce((sum, one) => sum + one + 2, -2) }
  }
  let built = build()
  for (const column of dispensable) {
    if (built.total <= width) break
    columns = columns.filter((candidate) => candidate !== column)
    built = build()
  }
  if (built.total > width) built = build(true)
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

/**
 * A comparison as text for a terminal: a table with bars, a verdict for each model, and what is missing and why. With a `width` in characters sentences
 * are broken there too; without one each stays on its line.
 */
export function consoleReport(result: CompareResult, { width, color = false }: { width?: number; color?: boolean } = {}): string {
  const paints = color ? colors.createColors(true) : noColors
  const sentences = result.models.map(({ name, verdict }) => `${paints.bold(`${name}:`)} ${verdict}`)
  const missing = missingUnits(result)
  if (missing.length > 0) sentences.push('', 'Not on this machine:', ...missing.map((text) => `  ${text}`))
  const notes = allNotes(result)
  if (notes.length > 0) sentences.push('', 'Notes:', ...notes.map((text) => `  ${text}`))
  const rows = table(result, width ?? defaultWidth, paints)
  if (rows.some((row) => row.includes(' ~'))) sentences.push('', paints.dim('~ unstable: see the verdict'))
  const wrapped = width === undefined ? sentences : sentences.map((text) => wrap(text, width, text.startsWith('  ') ? '    ' : '  '))
  const machine = width === undefined ? machineText(result) : wrap(machineText(result), width)
  return `${[paints.dim(machine), '', ...rows, '', ...wrapped].join('\n')}\n`
}
