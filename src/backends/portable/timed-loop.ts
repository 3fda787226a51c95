import type { TimedRun, TimedRunOptions } from '../backend.ts'

/** When a loop of predictions ends, and how many predictions are one sample. */
export type LoopLimits = Pick<TimedRunOptions, 'iterations' | 'durationMilliseconds' | 'block'>

/** What a loop of predictions measured. */
export type LoopTimes = Pick<TimedRun, 'nanoseconds' | 'elapsedMilliseconds'>

/** Calls `predict`, which gives its own nanoseconds, with 0, 1, 2, … until the first limit is reached; once where there is none. */
export async function timedLoop(limits: LoopLimits, predict: (index: number) => Promise<number>): Promise<LoopTimes> {
  const { durationMilliseconds = Number.POSITIVE_INFINITY, block = 1 } = limits
  const iterations = limits.iterations ?? (limits.durationMilliseconds === undefined ? 1 : Number.POSITIVE_INFINITY)
  const samples: number[] = []
  const start = performance.now()
  let count = 0
  do {
    let nanoseconds = 0
    for (const end = count + block; count < end; count++) nanoseconds += await predict(count)
    samples.push(nanoseconds / block)
  } while (count < iterations && performance.now() - start < durationMilliseconds)
  return { nanoseconds: Float64Array.from(samples), elapsedMilliseconds: performance.now() - start }
}
