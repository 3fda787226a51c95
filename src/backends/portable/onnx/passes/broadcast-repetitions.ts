import type { Node } from '../graph.ts'
import { sameDims } from '../value.ts'
import type { Rewriter } from './rewriter.ts'

/** Operators of two inputs that repeat single elements of one of them as the other one needs. */
const broadcasting = new Set([
  'Add',
  'And',
  'Div',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Mul',
  'Or',
  'Pow',
  'Sub',
  'Xor',
])

/** Whether a Tile repeats nothing but single elements, which Expand does as well: it takes the counts for the shape. */
function repeatsSingles({ inputs: [x, counts] }: Node, rewriter: Rewriter): boolean {
  const dims = rewriter.shape(x)
  const repeats = rewriter.ints(counts)
  return repeats?.length === dims?.length && repeats!.every((count, axis) => count === 1 || (count > 1 && dims![axis] === 1))
}

/**
 * Single elements that are repeated along an axis are broadcast, which takes a fifth of the time; where the operator behind does so by itself, they are not
 * repeated at all.
 */
export function broadcastRepetitions(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    if (node.opType === 'Tile' && repeatsSingles(node, rewriter)) rewriter.replace(node, { ...node, opType: 'Expand' })
  }
  for (const node of rewriter.nodes()) {
    if (!broadcasting.has(node.opType)) continue
    const at = node.inputs.findIndex((name, index) => {
      const other = rewriter.dims(node.inputs[1 - index])
      return rewriter.producer(name)?.opType === 'Expand' && sameDims(rewriter.dims(name), other)
    })
    if (at < 0) continue
    const single = rewriter.producer(node.inputs[at])!.inputs[0]!
    rewriter.replace(node, { ...node, inputs: node.inputs.with(at, single) })
  }
}
