import { allComputeUnits, type ComputeUnits } from '../../backends/backend.ts'
import { CoreMLError } from '../../errors.ts'
import type { CompareResult, MeasuredUnit } from '../result.ts'

/** A condition such as `all.steady.median > 5ms`; a run in which it holds fails. */
export interface Condition {
  text: string
  units: ComputeUnits
  /** Path of a figure in the result of the unit. */
  path: string[]
  operator: '<' | '<=' | '>' | '>='
  /** In the figure's own unit. */
  limit: number
}

/** A condition that holds, or that cannot be told. */
export interface Failure {
  model: string
  gate: string
  reason: string
}

/** What a number may be written in, as a factor on the units that results use (ms, B, mJ, ratio). */
const factors: Readonly<Record<string, number>> = {
  '': 1,
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  mJ: 1,
  J: 1000,
  W: 1,
  dB: 1,
  x: 1,
  '×': 1,
  '%': 0.01,
  '/s': 1,
}

const grammar = /^\s*([A-Za-z]+)((?:\.[A-Za-z0-9_-]+)+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([A-Za-zµ×%/]*)\s*$/

/**
 * Reads a condition: `UNIT.PATH OPERATOR NUMBER[UNIT]`, where PATH leads to a figure of a unit's result, as the JSON names it.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function parseCondition(text: string): Condition {
  const match = grammar.exec(text)
  const factor = match === null ? undefined : factors[match[5]!]
  if (match === null || factor === undefined) {
    throw new CoreMLError(
      'ERR_ARGUMENT',
      `"${text}" is no condition: write for example "all.steady.median > 5ms" or "cpuAndNeuralEngine.speedup < 2x"`,
    )
  }
  const units = allComputeUnits.find((name) => name === match[1])
  if (units === undefined) {
    throw new CoreMLError('ERR_ARGUMENT', `"${text}": there is no compute unit "${match[1]}" (units: ${allComputeUnits.join(', ')})`)
  }
  const path = match[2]!.slice(1).split('.')
  return { text: text.trim(), units, path, operator: match[3] as Condition['operator'], limit: Number(match[4]) * factor }
}

/** The number at a path: of a figure, its value. A text says why there is none. */
function numberAt(unit: MeasuredUnit, path: readonly string[]): number | string {
  let value: unknown = unit
  for (const name of path) {
    if (typeof value === 'object' && value !== null && 'unavailable' in value) return String(value.unavailable)
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
      throw new CoreMLError('ERR_ARGUMENT', `a unit's result has no "${path.join('.')}" (there is no "${name}")`)
    }
    value = (value as Record<string, unknown>)[name]
  }
  if (typeof value === 'object' && value !== null) {
    if ('value' in value && typeof value.value === 'number') return value.value
    if ('unavailable' in value) return String(value.unavailable)
  }
  if (typeof value === 'number') return value
  if (value === null) return 'not known'
  throw new CoreMLError('ERR_ARGUMENT', `"${path.join('.')}" is no number`)
}

function holds(value: number, { operator, limit }: Condition): boolean {
  if (operator === '<') return value < limit
  if (operator === '<=') return value <= limit
  if (operator === '>') return value > limit
  return value >= limit
}

/** Models for which a condition holds. A condition on a figure that is not there fails too: nothing shows that it does not hold. */
export function checkCondition(result: CompareResult, condition: Condition): Failure[] {
  return result.models.flatMap((model) => {
    const fail = (reason: string): Failure[] => [{ model: model.name, gate: condition.text, reason }]
    const unit = model.units.find(({ units }) => units === condition.units)
    if (unit === undefined) return fail(`${condition.units} was not measured`)
    if (unit.status !== 'measured') return fail(`${condition.units}: ${unit.status}`)
    const value = numberAt(unit, condition.path)
    if (typeof value === 'string') return fail(`not known: ${value}`)
    return holds(value, condition) ? fail(`it is ${Number(value.toPrecision(4))}`) : []
  })
}
