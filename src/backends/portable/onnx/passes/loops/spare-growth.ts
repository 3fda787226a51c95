import type { Rewriter } from '../rewriter.ts'
import type { WholeNumbers } from './whole-numbers.ts'

/** A list that has room for what is written into it does not grow. Lowering makes room in front of each write, and only what a loop counts tells that there is some. */
export function spareGrowth(rewriter: Rewriter, numbers: WholeNumbers): void {
  for (const node of rewriter.nodes()) {
    if ((node.opType !== 'Expand' && node.opType !== 'Pad') || !numbers.addsNothing(node)) continue
    rewriter.replace(node, { ...node, opType: 'Identity', inputs: [node.inputs[0]!], attributes: {} })
  }
}
