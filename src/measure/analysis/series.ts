import type { Block } from '../result.ts'
import { mean } from '../statistics/descriptive.ts'

/** From so many runs on, intervals count runs instead of blocks: they hold the run-to-run spread too. */
const runsForIntervals = 5

/** The median of each run: the geometric mean of its block medians. */
export function runMedians(blocks: readonly Block[]): number[] {
  const runs = new Set(blocks.map(({ run }) => run))
  return [...runs].map((run) => Math.exp(mean(blocks.filter((block) => block.run === run).map(({ median }) => Math.log(median)))))
}

/** The values that statistics count: one for each block, or one for each run where there are enough runs. */
export function series(blocks: readonly Block[]): number[] {
  const runs = runMedians(blocks)
  return runs.length >= runsForIntervals ? runs : blocks.map(({ median }) => median)
}
