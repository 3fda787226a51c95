import type { ComputeUnits } from '../../backends/backend.ts'
import type { Track } from '../protocol/track.ts'
import { type Evidence, evidenceStrength, type Placement, type Speedup } from '../result.ts'
import { intervalText, percentText, ratioText } from '../words.ts'
import { neuralEngineActivity, neuralEngineWatts } from './energy.ts'

/** Activity during the run that is no accident: so much of the time, and so many times that at rest. */
const activityLimits = { share: 0.02, timesRest: 3 }

const mayUseNeuralEngine = (units: ComputeUnits) => units === 'cpuAndNeuralEngine' || units === 'all'

/** What shows that the Neural Engine worked for this unit, from the weakest sign to the strongest. */
export function collectEvidence(track: Track, placement: Placement, speedup: Speedup | null): Evidence {
  const signs: Evidence['signs'] = []
  if (mayUseNeuralEngine(track.units)) {
    if ('operations' in placement && (placement.operations.neuralEngine ?? 0) > 0) {
      signs.push({
        strength: 'plan',
        shows: `${percentText(placement.operations.neuralEngine)} of the ops are planned for the Neural Engine`,
      })
    }
    // With `all`, another speed may be the graphics processor's.
    if (track.units === 'cpuAndNeuralEngine' && speedup?.familyInterval && (speedup.verdict === 'faster' || speedup.verdict === 'slower')) {
      const speed = `${ratioText(speedup.value)} the speed of ${speedup.against} (${intervalText(speedup.familyInterval)})`
      signs.push({ strength: 'timing', shows: `${speed}: something other than the CPU alone worked` })
    }
    const activity = neuralEngineActivity(track.power)
    if ('work' in activity && activity.work > activityLimits.share && activity.work > activityLimits.timesRest * activity.rest) {
      const shows = `active ${percentText(activity.work)} of the time while predicting, ${percentText(activity.rest)} at rest`
      signs.push({ strength: 'activity', shows })
    }
    const watts = neuralEngineWatts(track.power)
    if ('interval' in watts && watts.interval !== null && watts.interval[0] > 0) {
      signs.push({ strength: 'energy', shows: `the Neural Engine took ${watts.value.toPrecision(3)} W more while predicting than at rest` })
    }
  }
  const order = evidenceStrength.options
  const strength = signs.reduce<Evidence['strength']>(
    (best, sign) => (order.indexOf(sign.strength) > order.indexOf(best) ? sign.strength : best),
    'none',
  )
  return { strength, signs }
}

/** Only a counter shows that the Neural Engine ran; a plan or another speed does not. */
export function neuralEngineRan(evidence: Evidence): boolean {
  return evidence.strength === 'activity' || evidence.strength === 'energy'
}
