import { type Figure, isMeasured } from '../figure.ts'
import type { BreakEven, Phases, Speedup, Steady } from '../result.ts'

interface Timeline {
  phases: Pick<Phases, 'coldLoad' | 'cachedLoad' | 'firstPrediction'>
  steady: Pick<Steady, 'median'>
}

function start({ phases }: Timeline, load: Figure): number | null {
  const { firstPrediction } = phases
  return isMeasured(load) && isMeasured(firstPrediction) ? load.value + firstPrediction.value : null
}

/** The number of predictions from which `unit` has taken no more time in all than `reference`, both loaded by their `load`. */
function crossing(unit: Timeline, reference: Timeline, load: 'coldLoad' | 'cachedLoad'): number | null {
  const [own, other] = [start(unit, unit.phases[load]), start(reference, reference.phases[load])]
  if (own === null || other === null) return null
  const gained = reference.steady.median.value - unit.steady.median.value
  return Math.max(1, Math.ceil(1 + (own - other) / gained))
}

/** How many predictions it takes until a unit's load has paid against the reference's. */
export function breakEvenOf(unit: Timeline, reference: Timeline | null, speedup: Speedup | null, same: boolean): BreakEven {
  if (same) return { status: 'reference' }
  if (reference === null || speedup === null) return { status: 'never', reason: 'there is no cpuOnly to compare with' }
  if (speedup.verdict !== 'faster') return { status: 'never', reason: `not shown to be faster than ${speedup.against}` }
  const cached = crossing(unit, reference, 'cachedLoad')
  if (cached === null) return { status: 'never', reason: 'load times are not known' }
  return { status: 'after', cold: crossing(unit, reference, 'coldLoad'), cached }
}
