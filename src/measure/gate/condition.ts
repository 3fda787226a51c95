import { allComputeUnits, type ComputeUnits } from '../../backends/backend.ts'
import { CoreMLError } from '../../errors.ts'
import { endText } from '../analysis/verdict.ts'
import type { FigureUnit, Measured } from '../figure.ts'
import type { CompareResult, Failure, MeasuredUnit } from '../result.ts'

/** A condition such as `cpuOnly.steady.median > 5ms`; a run in which it holds fails. */
export interface Condition {
  text: string
  units: ComputeUnits
  /** Path of a figure in the result of the unit. */
  path: string[]
  operator: '<' | '<=' | '>' | '>='
  limit: number
  /** What the limit is written in; empty where it is a bare number, in the figure's own unit. */
  suffix: string
}

/** What a limit may be written in: the unit of the figures that it goes with, and how many of those it is. */
const suffixes: Readonly<Record<string, readonly [FigureUnit, number]>> = {
  ns: ['ms', 1e-6],
  us: ['ms', 1e-3],
  µs: ['ms', 1e-3],
  ms: ['ms', 1],
  s: ['ms', 1000],
  m: ['ms', 60_000],
  B: ['B', 1],
  kB: ['B', 1e3],
  MB: ['B', 1e6],
  GB: ['B', 1e9],
  mJ: ['mJ', 1],
  J: ['mJ', 1000],
  W: ['W', 1],
  dB: ['dB', 1],
  x: ['ratio', 1],
  '×': ['ratio', 1],
  '%': ['ratio', 0.01],
  '/s': ['1/s', 1],
}

const grammar = /^\s*([A-Za-z]+)((?:\.[A-Za-z0-9_-]+)+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-zµ×%/]*)\s*$/

/**
 * Reads a condition: `UNIT.PATH OPERATOR NUMBER[UNIT]`, where PATH leads to a figure of a unit's result, as the JSON names it.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function parseCondition(text: string): Condition {
  const match = grammar.exec(text)
  if (match === null || (match[5] !== '' && !Object.hasOwn(suffixes, match[5]!))) {
    throw new CoreMLError(
      'ERR_ARGUMENT',
      `"${text}" is no condition: write for example "cpuOnly.steady.median > 5ms" or "cpuAndNeuralEngine.speedup < 2x"`,
    )
  }
  const units = allComputeUnits.find((name) => name === match[1])
  if (units === undefined) {
    throw new CoreMLError('ERR_ARGUMENT', `"${text}": there is no compute unit "${match[1]}" (units: ${allComputeUnits.join(', ')})`)
  }
  const path = match[2]!.slice(1).split('.')
  return { text: text.trim(), units, path, operator: match[3] as Condition['operator'], limit: Number(match[4]), suffix: match[5]! }
}

/** The number at a path, with its unit where it is a figure. A text says why there is none. */
function numberAt(unit: MeasuredUnit, path: readonly string[]): { value: number; unit: FigureUnit | null } | string {
  let value: unknown = unit
  for (const name of path) {
    if (typeof value === 'object' && value !== null && 'unavailable' in value) return String(value.unavailable)
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
      throw new CoreMLError('ERR_ARGUMENT', `a unit's result has no "${path.join('.')}" (there is no "${name}")`)
    }
    value = (value as Record<string, unknown>)[name]
  }
  if (typeof value === 'object' && value !== null) {
    if ('value' in value && typeof value.value === 'number') return { value: value.value, unit: (value as Measured).unit ?? null }
    if ('unavailable' in value) return String(value.unavailable)
  }
  if (typeof value === 'number') return { value, unit: null }
  if (value === null) return 'not known'
  throw new CoreMLError('ERR_ARGUMENT', `"${path.join('.')}" is no number`)
}

/** The value in what the limit is written in. A text says why it cannot be. */
function inSuffix({ value, unit }: { value: number; unit: FigureUnit | null }, suffix: string): number | string {
  if (suffix === '') return value
  const [expected, factor] = suffixes[suffix]!
  return unit === null || unit === expected ? value / factor : `the figure is in ${unit}, which is no ${suffix}`
}

/** A suffix as texts write it elsewhere: `µs` behind a space, `×` without. */
function suffixText(suffix: string): string {
  if (suffix === 'x' || suffix === '×') return '×'
  return suffix === '' ? '' : ` ${suffix === 'us' ? 'µs' : suffix}`
}

function holds(value: number, { operator, limit }: Condition): boolean {
  if (operator === '<') return value < limit
  if (operator === '<=') return value <= limit
  if (operator === '>') return value > limit
  return value >= limit
}

/** Models for which a condition holds. A condition on a figure or a unit that is not there fails too: nothing shows that it does not hold. */
export function checkCondition(result: CompareResult, condition: Condition): Failure[] {
  return result.models.flatMap((model) => {
    const fail = (reason: string): Failure[] => [{ model: model.name, gate: condition.text, reason }]
    const unit = model.units.find(({ units }) => units === condition.units)
    if (unit === undefined) return fail(`${condition.units} was not measured`)
    if (unit.status !== 'measured') return fail(`${condition.units} ${endText(unit)}`)
    const found = numberAt(unit, condition.path)
    if (typeof found === 'string') return fail(`not known: ${found}`)
    const value = inSuffix(found, condition.suffix)
    if (typeof value === 'string') return fail(value)
    return holds(value, condition) ? fail(`it is ${Number(value.toPrecision(4))}${suffixText(condition.suffix)}`) : []
  })
}
