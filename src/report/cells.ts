import { accuracyText, endText } from '../measure/analysis/verdict.ts'
import type { Figure } from '../measure/figure.ts'
import type { CompareResult, MeasuredUnit, ModelResult, UnitResult } from '../measure/result.ts'
import { bytesText, countText, durationText, intervalText, ratioText } from '../measure/words.ts'

/** One line of a table of results: a unit of a model. */
export interface Row {
  model: ModelResult
  unit: UnitResult
  /** Texts by column, where the unit was measured; else what happened. */
  cells: Record<Column, string> | { text: string }
}

/** Columns of a table of results, in order. */
export const columns = ['load', 'coldLoad', 'first', 'median', 'interval', 'p99', 'perSecond', 'speedup', 'energy', 'outputs'] as const
export type Column = (typeof columns)[number]

/** Headings of the columns. */
export const headings: Readonly<Record<Column, string>> = {
  load: 'load',
  coldLoad: 'cold load',
  first: 'first',
  median: 'median',
  interval: '95 % interval',
  p99: 'p99',
  perSecond: 'a second',
  speedup: '× cpuOnly',
  energy: 'energy',
  outputs: 'outputs',
}

const time = (figure: Figure) => ('value' in figure ? durationText(figure.value) : '–')

/** A unit's speed-up over the CPU, with a mark where no difference was shown. */
export function speedupText(unit: MeasuredUnit): string {
  if ('unavailable' in unit.speedup) return unit.breakEven.status === 'reference' ? '1' : '–'
  const { value, verdict } = unit.speedup
  return verdict === 'noDifference' || verdict === 'undecided' ? `${ratioText(value)} (≈)` : ratioText(value)
}

function cellsOf(unit: MeasuredUnit): Record<Column, string> {
  const { phases, steady, energy } = unit
  const { median } = steady
  return {
    load: time(phases.cachedLoad),
    coldLoad: time(phases.coldLoad),
    first: time(phases.firstPrediction),
    median: `${durationText(median.value)}${steady.stability.stable ? '' : ' ~'}`,
    interval: median.interval === null ? '–' : intervalText(median.interval, durationText),
    p99: time(steady.p99),
    perSecond: countText(steady.perSecond.value),
    speedup: speedupText(unit),
    energy: 'total' in energy ? `${energy.total.value.toPrecision(3)} mJ` : '–',
    outputs: accuracyText(unit),
  }
}

/** Rows of all units that were asked of this machine; those that it has not are left out. */
export function rowsOf({ models }: Pick<CompareResult, 'models'>): Row[] {
  return models.flatMap((model) =>
    model.units
      .filter(({ status }) => status !== 'unavailable')
      .map((unit) => ({ model, unit, cells: unit.status === 'measured' ? cellsOf(unit) : { text: endText(unit) } })),
  )
}

/** Columns that say something: those with a figure in at least one row. That cpuOnly is as fast as itself is none. */
export function usedColumns(rows: readonly Row[]): Column[] {
  const empty = (column: Column) => (column === 'speedup' ? ['–', '1'] : ['–'])
  return columns.filter((column) => rows.some(({ cells }) => !('text' in cells) && !empty(column).includes(cells[column])))
}

/** Each unit that this machine has not, with the reason, once. */
export function missingUnits({ models }: Pick<CompareResult, 'models'>): string[] {
  return [
    ...new Set(
      models.flatMap(({ units }) => units.flatMap((unit) => (unit.status === 'unavailable' ? [`${unit.units}: ${unit.reason}`] : []))),
    ),
  ]
}

/** The notes of all models, each once, with the models that it is about where there are several. */
export function allNotes({ models }: Pick<CompareResult, 'models'>): string[] {
  const namesOf = new Map<string, string[]>()
  for (const { name, notes } of models) for (const note of notes) namesOf.set(note, [...(namesOf.get(note) ?? []), name])
  if (models.length === 1) return [...namesOf.keys()]
  return [...namesOf].map(([note, names]) => `${names.length === models.length ? 'every model' : names.join(', ')}, ${note}`)
}

/** Name and size of a model. */
export function modelText({ name, bytes }: ModelResult): string {
  return `${name} (${bytesText(bytes)})`
}
