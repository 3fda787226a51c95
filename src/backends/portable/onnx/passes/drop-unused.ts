import type { Graph } from '../graph.ts'
import { bodiesOf, countReads, readsOf } from './rewriter.ts'

/** Drops nodes none of whose outputs is read, which onnxruntime would compute at each run, and constants that nobody reads. */
export function dropUnused(graph: Graph): void {
  const reads = countReads(graph)
  const isRead = (name: string) => (reads.get(name) ?? 0) > 0
  const drop = ({ nodes }: Graph) => {
    for (let at = nodes.length - 1; at >= 0; at--) {
      const node = nodes[at]!
      if (node.outputs.some(isRead)) {
        // What only its bodies read runs before it: looked at next.
        bodiesOf(node).forEach(drop)
        continue
      }
      for (const name of readsOf(node)) reads.set(name, reads.get(name)! - 1)
      nodes.splice(at, 1)
    }
  }
  drop(graph)
  graph.initializers = graph.initializers.filter(({ name }) => isRead(name))
}
