import type { ComputeUnits } from '../../backends/backend.ts'
import { endText } from '../../measure/analysis/verdict.ts'
import type { CompareResult, MeasuredUnit, ModelResult } from '../../measure/result.ts'
import { bytesText } from '../../measure/words.ts'
import { type Column, headings, type Row, rowsOf, usedColumns } from '../cells.ts'
import { type Chart, figure, symbol, unitClass } from './chart.ts'
import { accuracyChart } from './charts/accuracy.ts'
import { acrossChart } from './charts/across.ts'
import { breakEvenChart } from './charts/break-even.ts'
import { distributionChart } from './charts/distribution.ts'
import { energyChart } from './charts/energy.ts'
import { placementChart } from './charts/placement.ts'
import { sustainedChart } from './charts/sustained.ts'
import { timelineChart } from './charts/timeline.ts'
import { escapeText } from './markup.ts'

/** One model in one result file. */
export interface ModelOfResult {
  result: CompareResult
  model: ModelResult
  /** Tells the result from others: its machine and date. */
  label: string
}

const goals = { latency: 'Lowest latency', energy: 'Least energy', startUp: 'Quickest start' }

function measuredUnits({ units }: ModelResult): MeasuredUnit[] {
  return units.filter((unit) => unit.status === 'measured').filter(({ steady }) => steady.blocks.length > 0)
}

/** A unit's name with its colour and shape. */
function unitName(units: ComputeUnits): string {
  return `<svg class="sign-of-unit" viewBox="-8 -8 16 16" width="14" height="14" aria-hidden="true"><g class="${unitClass(units)}">${symbol(units, 0, 0)}</g></svg>${units}`
}

/** The cells of a row after its name; `slowest` is the median whose bar is the longest. */
function cellsMarkup({ cells, unit }: Row, columns: readonly Column[], slowest: number): string {
  if ('text' in cells || unit.status !== 'measured') {
    return `<td class="wide bad" colspan="${columns.length + 1}">${escapeText('text' in cells ? cells.text : '')}</td>`
  }
  const share = slowest > 0 ? Math.max(1, Math.round((100 * unit.steady.median.value) / slowest)) : 1
  const bar = `<td class="time"><span class="${unitClass(unit.units)}" style="width:${share}%"></span></td>`
  const figures = columns
    .map((column) => {
      const accuracy = column === 'outputs' ? unit.accuracy : null
      const kind = accuracy?.status === 'checked' ? (accuracy.passed ? ' class="good"' : ' class="wide bad"') : ''
      return `<td${kind}>${escapeText(cells[column])}</td>`
    })
    .join('')
  return bar + figures
}

function summaryTable(model: ModelResult, label: string): string {
  const rows = rowsOf({ models: [model] })
  const columns = usedColumns(rows)
  if (columns.length === 0) columns.push('outputs')
  const head = ['unit', 'time', ...columns.map((column) => headings[column])]
    .map((text) => `<th scope="col">${escapeText(text)}</th>`)
    .join('')
  const slowest = Math.max(...measuredUnits(model).map(({ steady }) => steady.median.value))
  const body = rows.map((row) => `<tr><th scope="row">${unitName(row.unit.units)}</th>${cellsMarkup(row, columns, slowest)}</tr>`)
  for (const unit of model.units) {
    if (unit.status !== 'unavailable') continue
    body.push(
      `<tr><th scope="row">${unitName(unit.units)}</th><td class="wide soft" colspan="${columns.length + 1}">${escapeText(endText(unit))}</td></tr>`,
    )
  }
  const caption = `${model.name}, ${label}`
  return `<div class="scroll" role="group" tabindex="0" aria-label="${escapeText(`Summary of ${caption}`)}"><table><caption>${escapeText(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

function evidenceList(units: readonly MeasuredUnit[]): string {
  const items = units.flatMap(({ units: name, evidence }) =>
    evidence.signs.map((sign) => `<li>${name}, ${sign.strength}: ${escapeText(sign.shows)}</li>`),
  )
  return items.length === 0 ? '' : `<h3>What shows that the Neural Engine worked</h3><ul class="evidence">${items.join('')}</ul>`
}

function energyNote(units: readonly MeasuredUnit[]): string {
  const without = units.filter(({ energy }) => 'unavailable' in energy)
  const reasons = [
    ...new Set(
      without.map(({ units: name, energy }) =>
        'unavailable' in energy ? `${without.length < units.length ? `${name}: ` : ''}${energy.unavailable}` : '',
      ),
    ),
  ]
  return reasons.length === 0 ? '' : `<p class="soft">Energy unavailable: ${reasons.map(escapeText).join('; ')}.</p>`
}

function charts(model: ModelResult): string {
  const units = measuredUnits(model)
  if (units.length === 0) return ''
  const all: (Chart | null)[] = [
    distributionChart(units),
    timelineChart(units),
    breakEvenChart(units),
    energyChart(units),
    placementChart(units),
    accuracyChart(units),
    sustainedChart(units),
  ]
  const drawn = all.filter((chart) => chart !== null)
  return `<div class="charts">${drawn.map(figure).join('')}</div>${energyNote(units)}`
}

/** Everything about one model: verdict, table and charts of each result, and all results side by side where there are several. */
export function modelSection(name: string, entries: readonly ModelOfResult[], index: number): string {
  const [first] = entries
  const family = first!.model.family === null ? '' : `${first!.model.family}, `
  const several = entries.length > 1
  const series = entries.map(({ model, label }) => ({ label, units: measuredUnits(model) })).filter(({ units }) => units.length > 0)
  const across = several && series.length > 0 ? `<div class="charts">${figure(acrossChart(series))}</div>` : ''
  const parts = entries.map(({ model, label }) => {
    const bad = model.units.some(
      (unit) =>
        unit.status !== 'unavailable' && (unit.status !== 'measured' || (unit.accuracy.status === 'checked' && !unit.accuracy.passed)),
    )
    const advice = model.recommendations.map(
      ({ goal, units, reason }) =>
        `<li><span class="soft">${goals[goal]}</span> <strong>${units === null ? 'no recommendation' : unitName(units)}</strong> ${escapeText(reason)}</li>`,
    )
    const notes =
      model.notes.length === 0 ? '' : `<h3>Notes</h3><ul>${model.notes.map((note) => `<li>${escapeText(note)}</li>`).join('')}</ul>`
    const heading = several ? `<h3>${escapeText(label)}</h3>` : ''
    return `<div data-result="${escapeText(label)}">${heading}<p class="verdict${bad ? ' bad' : ''}">${escapeText(model.verdict)}</p><ul class="answers" aria-label="Best unit for each goal">${advice.join('')}</ul>${summaryTable(model, label)}${charts(model)}${evidenceList(measuredUnits(model))}${notes}</div>`
  })
  return `<section id="model-${index}" aria-labelledby="model-${index}-name"><h2 id="model-${index}-name">${escapeText(name)}</h2><p class="soft">${escapeText(`${family}${bytesText(first!.model.bytes)}`)}</p>${across}${parts.join('')}</section>`
}
