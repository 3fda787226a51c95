import type { Unavailable } from '../../backends/backend.ts'
import { estimated, single } from '../figure.ts'
import type { PowerWindow, Track } from '../protocol/track.ts'
import type { Energy } from '../result.ts'
import { mean } from '../statistics/descriptive.ts'
import { type Estimate, meanInterval } from '../statistics/intervals.ts'

function joules(window: PowerWindow, rail: string): number {
  return (window.after.joules[rail] ?? 0) - (window.before.joules[rail] ?? 0)
}

/** Energy of each prediction beyond what the machine takes at rest, in millijoules. */
export function summarizeEnergy(power: Track['power']): Energy {
  if ('unavailable' in power) return power
  const { idle, work } = power
  const rails = [...new Set([...idle, ...work].flatMap(({ after }) => Object.keys(after.joules)))]
  const all = [...idle, ...work]
  // A running CPU takes energy: counters that deny it are gated, whatever the graphics rail says.
  if (rails.every((rail) => rail === 'gpu' || all.every((window) => joules(window, rail) === 0))) {
    return { unavailable: 'the energy counters read zero for everything: this macOS or chip hides them from ordinary processes' }
  }
  const predictions = work.reduce((sum, window) => sum + window.predictions, 0)
  if (predictions === 0) return { unavailable: 'no prediction ended within the energy windows' }
  const idleWatts = (rail: string) => mean(idle.map((window) => joules(window, rail) / window.seconds))
  const railEnergy = (rail: string) =>
    work.map((window) => (1000 * (joules(window, rail) - idleWatts(rail) * window.seconds)) / Math.max(1, window.predictions))
  const perWindow = rails.map(railEnergy)
  const total = work.map((_, i) => perWindow.reduce((sum, values) => sum + values[i]!, 0))
  return {
    total: estimated(meanInterval(total), 'mJ'),
    rails: Object.fromEntries(rails.map((rail, i) => [rail, estimated(meanInterval(perWindow[i]!), 'mJ')])),
    idle: single(
      rails.reduce((sum, rail) => sum + idleWatts(rail), 0),
      'W',
    ),
    windows: work.length,
  }
}

/** Watts of the Neural Engine's rail while predicting, above rest; or why not known. */
export function neuralEngineWatts(power: Track['power']): Estimate | Unavailable {
  if ('unavailable' in power) return power
  const watts = (windows: PowerWindow[]) => windows.map((window) => joules(window, 'neuralEngine') / window.seconds)
  const rest = mean(watts(power.idle))
  return meanInterval(watts(power.work).map((value) => value - rest))
}

/** Share of the time in which the Neural Engine was active: at rest, and while predicting. */
export function neuralEngineActivity(power: Track['power']): { rest: number; work: number } | Unavailable {
  if ('unavailable' in power) return power
  const share = ({ before, after, seconds }: PowerWindow) =>
    typeof before.neuralEngineActiveSeconds === 'number' && typeof after.neuralEngineActiveSeconds === 'number'
      ? (after.neuralEngineActiveSeconds - before.neuralEngineActiveSeconds) / seconds
      : Number.NaN
  const rest = mean(power.idle.map(share))
  const work = mean(power.work.map(share))
  return Number.isNaN(rest + work) ? { unavailable: 'no counter tells the activity of the Neural Engine' } : { rest, work }
}
