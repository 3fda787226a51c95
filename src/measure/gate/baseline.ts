import { CoreMLError } from '../../errors.ts'
import { runMedians } from '../analysis/series.ts'
import { endText } from '../analysis/verdict.ts'
import type { CompareResult, Failure, MeasuredUnit, ModelResult, UnitResult } from '../result.ts'
import { minimumGateRuns, type SlowdownTest, testSlowdown } from '../statistics/slowdown.ts'
import { percentText } from '../words.ts'

/** Runs of each unit that a comparison with a baseline makes where nothing else is asked for. */
export const gateRuns = 3

/** A gate that needs a slowdown of more than this beyond its limit is told to be blunt. */
const sharpness = 0.05

/** One unit of one model against its baseline. */
export interface SlowdownCheck extends SlowdownTest {
  model: string
  units: string
}

/** Models of one name, such as `net.mlpackage` of two folders, are told apart by their order. */
function sameNamed({ models }: CompareResult, { name }: ModelResult): ModelResult[] {
  return models.filter((model) => model.name === name)
}

/** A unit that the baseline measured, and what became of it now. */
interface Pair {
  model: string
  then: MeasuredUnit
  now: UnitResult
}

/** Every unit of this result that the baseline measured. Units that were not asked for now are not among them. */
function pairsOf(baseline: CompareResult, current: CompareResult): Pair[] {
  return current.models.flatMap((model) => {
    const before = sameNamed(baseline, model)[sameNamed(current, model).indexOf(model)]
    return model.units.flatMap((now) => {
      const then = before?.units.find(({ units }) => units === now.units)
      return then?.status === 'measured' ? [{ model: model.name, then, now }] : []
    })
  })
}

/**
 * What can be said before anything is measured.
 * @throws CoreMLError ERR_ARGUMENT where the baseline is another machine's or backend's
 */
export function requireComparable(baseline: CompareResult, cpu: string, backend: string): void {
  for (const [what, then, now] of [
    ['machine', baseline.machine.cpu, cpu],
    ['backend', baseline.protocol.backend, backend],
  ]) {
    if (then !== now)
      throw new CoreMLError('ERR_ARGUMENT', `the baseline is of another ${what}: ${then}, this is ${now}; times cannot be compared`)
  }
}

/**
 * Tests every unit that both results measured. Each gate errs on a slowdown exactly at the limit in at most 5 % of runs.
 * @throws CoreMLError ERR_ARGUMENT where the baseline is another machine's, names no unit of this result, or has too few runs
 */
export function checkBaseline(baseline: CompareResult, current: CompareResult, limit: number): SlowdownCheck[] {
  requireComparable(baseline, current.machine.cpu, current.protocol.backend)
  const pairs = pairsOf(baseline, current)
  if (pairs.length === 0) throw new CoreMLError('ERR_ARGUMENT', 'the baseline measured none of these models on any of these units')
  return pairs.flatMap(({ model, then, now: unit }) => {
    if (unit.status !== 'measured') return []
    const [old, now] = [runMedians(then.steady.blocks), runMedians(unit.steady.blocks)]
    const test = testSlowdown(old, now, limit)
    if (test === null) {
      const runs = `the baseline has ${old.length} run(s) of ${model} on ${unit.units} and this is ${now.length}`
      const advice = `together at least ${minimumGateRuns} are needed to know the spread: make the baseline with --runs 5`
      throw new CoreMLError('ERR_ARGUMENT', `${runs}; ${advice}`)
    }
    return [{ model, units: unit.units, ...test }]
  })
}

/** Units that the baseline measured and that could not be measured now: nothing shows that they are no slower. */
export function lostUnits(baseline: CompareResult, current: CompareResult): Failure[] {
  return pairsOf(baseline, current).flatMap(({ model, now }) =>
    now.status === 'measured' ? [] : [{ model, gate: `${now.units} measured as in the baseline`, reason: `${now.units} ${endText(now)}` }],
  )
}

/** The checks that failed, in words. */
export function slowdownFailures(checks: readonly SlowdownCheck[], limit: number): Failure[] {
  return checks
    .filter(({ failed }) => failed)
    .map(({ model, units, ratio, lowerBound }) => ({
      model,
      gate: `${units} at most ${percentText(limit)} slower than the baseline`,
      reason: `${percentText(ratio - 1)} slower, at least ${percentText(lowerBound - 1)}`,
    }))
}

/** The gates that would miss a slowdown well beyond the limit, because runs differ too much, in words. */
export function bluntGates(checks: readonly SlowdownCheck[], limit: number): string[] {
  return checks
    .filter(({ failed, detectable }) => !failed && detectable - 1 > limit + sharpness)
    .map(({ model, units, detectable }) => {
      const reach = `runs differ so much that only a slowdown of ${percentText(detectable - 1)} is sure to be found`
      return `${model}, ${units}: ${reach} (in nine of ten cases); more --runs help, here and in the baseline`
    })
}
