import type { Graph } from '../../graph.ts'
import { dropUnused } from '../drop-unused.ts'
import { Rewriter } from '../rewriter.ts'
import { carryRows } from './carry-rows.ts'
import { countDirectly } from './count-directly.ts'
import type { CountedLoop } from './counted-loop.ts'
import { fuseGru } from './fuse-gru.ts'
import { hoistProducts } from './hoist-products.ts'
import { spareGrowth } from './spare-growth.ts'
import { type LargestDims, WholeNumbers } from './whole-numbers.ts'

/** Applies a rewriting to one loop after another, until there is none left that it changes. */
function each(
  graph: Graph,
  largest: LargestDims,
  rewrite: (graph: Graph, loop: CountedLoop, rewriter: Rewriter, numbers: WholeNumbers) => boolean,
): void {
  for (;;) {
    const rewriter = new Rewriter(graph)
    const numbers = new WholeNumbers(rewriter, largest)
    const changed = rewriter.nodes().some((node) => {
      const loop = node.opType === 'Loop' ? numbers.counted(node) : undefined
      return loop !== undefined && rewrite(graph, loop, rewriter, numbers)
    })
    if (!changed) return
  }
}

/**
 * Brings loops to a form in which a turn costs less.
 * @param largest the largest dimensions that inputs may have
 */
export function optimizeLoops(graph: Graph, largest: LargestDims): void {
  const rewriter = new Rewriter(graph)
  if (!rewriter.nodes().some(({ opType }) => opType === 'Loop')) return
  const numbers = new WholeNumbers(rewriter, largest)
  countDirectly(rewriter, numbers)
  spareGrowth(rewriter, numbers)
  dropUnused(graph)
  each(graph, largest, carryRows)
  // The loop is still there afterwards.
  const tried = new Set<Graph>()
  each(graph, largest, (whole, loop, ...known) => {
    if (tried.has(loop.body)) return false
    tried.add(loop.body)
    return fuseGru(whole, loop, ...known)
  })
  each(graph, largest, (_graph, ...known) => hoistProducts(...known))
}
