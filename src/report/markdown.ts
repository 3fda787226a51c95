import type { CompareResult } from '../measure/result.ts'
import { allNotes, headings, missingUnits, modelText, rowsOf, usedColumns } from './cells.ts'
import { machineText } from './machine.ts'

/** Text that stands inside a table cell. */
function cell(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replaceAll(/\s*\n\s*/g, ' ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (texts: readonly string[]) => `| ${texts.map(cell).join(' | ')} |`
  return [line(head), `|${head.map((_, column) => (column < 2 ? '---|' : '---:|')).join('')}`, ...rows.map(line)]
}

/** A comparison as Markdown that fits a comment or a job summary of GitHub. */
export function markdownReport(result: CompareResult): string {
  const rows = rowsOf(result)
  const columns = usedColumns(rows)
  // What happened instead of figures needs a place, too.
  if (columns.length === 0) columns.push('outputs')
  const body = rows.map(({ model, unit, cells }) => {
    const first = [modelText(model), unit.units]
    return 'text' in cells
      ? [...first, cells.text, ...columns.slice(1).map(() => '')]
      : [...first, ...columns.map((column) => cells[column])]
  })
  const lines = [...table(['model', 'unit', ...columns.map((column) => headings[column])], body), '']
  for (const { name, verdict } of result.models) lines.push(`- **${cell(name)}**: ${cell(verdict)}`)
  const missing = missingUnits(result)
  if (missing.length > 0) lines.push('', `Not on this machine: ${missing.map(cell).join('; ')}.`)
  const notes = allNotes(result)
  if (notes.length > 0) lines.push('', '<details><summary>Notes</summary>', '', ...notes.map((note) => `- ${cell(note)}`), '', '</details>')
  lines.push('', `<sub>${cell(machineText(result))}, ${result.createdAt}, seed ${result.protocol.seed}</sub>`)
  return `${lines.join('\n')}\n`
}
