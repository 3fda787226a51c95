import { allComputeUnits } from '../../backends/backend.ts'
import { isMeasured } from '../figure.ts'
import type { MeasuredUnit, Recommendation } from '../result.ts'
import { compareBlocks } from '../statistics/comparison.ts'
import { durationText, intervalText, ratioText } from '../words.ts'
import { series } from './series.ts'

/** Single measurements closer than this are called alike. */
const startUpMargin = 1.2

const order = (unit: MeasuredUnit) => allComputeUnits.indexOf(unit.units)

function onlyOne(unit: MeasuredUnit): string {
  return `${unit.units} is the only unit measured whose outputs did not fail`
}

function forLatency(units: readonly MeasuredUnit[], comparisons: number): Recommendation {
  const goal = 'latency'
  const [best, ...others] = units.toSorted((a, b) => a.steady.median.value - b.steady.median.value)
  if (best === undefined) return { goal, units: null, reason: 'no unit was measured whose outputs are right' }
  const time = `${durationText(best.steady.median.value)} a prediction`
  if (others.length === 0) return { goal, units: best.units, reason: `${time}; ${onlyOne(best)}` }
  const against = others.map((unit) => ({
    unit,
    comparison: compareBlocks(series(unit.steady.blocks), series(best.steady.blocks), comparisons),
  }))
  const alike = [best, ...against.filter(({ comparison }) => comparison.verdict !== 'faster').map(({ unit }) => unit)]
  const choice = alike.toSorted((a, b) => order(a) - order(b))[0]!
  if (alike.length > 1) {
    const names = alike.map(({ units: name }) => name).join(', ')
    return { goal, units: choice.units, reason: `no difference was shown between ${names}; ${choice.units} asks for the least` }
  }
  const next = against[0]!
  const speed = `${ratioText(next.comparison.value)} the speed of ${next.unit.units}, the next best (${intervalText(next.comparison.familyInterval!)})`
  return { goal, units: best.units, reason: `${time}: ${speed}` }
}

function forEnergy(units: readonly MeasuredUnit[]): Recommendation {
  const goal = 'energy'
  const known = units.flatMap((unit) => ('total' in unit.energy ? [{ unit, total: unit.energy.total }] : []))
  const [best, next] = known.toSorted((a, b) => a.total.value - b.total.value)
  if (best === undefined) {
    const energy = units[0]?.energy
    return {
      goal,
      units: null,
      reason: energy && 'unavailable' in energy ? `energy is unavailable: ${energy.unavailable}` : 'no unit was measured',
    }
  }
  const amount = `${best.total.value.toPrecision(3)} mJ a prediction`
  if (next === undefined) return { goal, units: best.unit.units, reason: `${amount}; energy is known of this unit alone` }
  const apart = best.total.interval && next.total.interval && best.total.interval[1] < next.total.interval[0]
  const other = `${next.total.value.toPrecision(3)} mJ on ${next.unit.units}`
  return apart
    ? { goal, units: best.unit.units, reason: `${amount} against ${other}` }
    : { goal, units: null, reason: `no difference was shown: ${amount} on ${best.unit.units}, ${other}` }
}

function forStartUp(units: readonly MeasuredUnit[]): Recommendation {
  const goal = 'startUp'
  const known = units.flatMap((unit) => {
    const { cachedLoad, firstPrediction } = unit.phases
    return isMeasured(cachedLoad) && isMeasured(firstPrediction) ? [{ unit, time: cachedLoad.value + firstPrediction.value }] : []
  })
  const fastest = Math.min(...known.map(({ time }) => time))
  const alike = known.filter(({ time }) => time <= startUpMargin * fastest).toSorted((a, b) => order(a.unit) - order(b.unit))
  const choice = alike[0]
  if (choice === undefined) return { goal, units: null, reason: 'no unit was measured' }
  return { goal, units: choice.unit.units, reason: `load and first prediction take ${durationText(choice.time)}` }
}

/** The best unit for each goal, and why. A unit whose outputs are wrong is never recommended. */
export function recommend(units: readonly MeasuredUnit[], comparisons: number): Recommendation[] {
  const right = units.filter(({ accuracy }) => accuracy.status === 'notChecked' || accuracy.passed)
  return [forLatency(right, comparisons), forEnergy(right), forStartUp(right)]
}
