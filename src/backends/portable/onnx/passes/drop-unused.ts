import type { Graph } from '../graph.ts'
import { countReads, readsOf } from './rewriter.ts'

/** Drops nodes none of whose outputs is read, which onnxruntime would compute at each run, and constants that nobody reads. */
export function dropUnused(graph: Graph): void {
  const reads = countReads(graph)
  const isRead = (name: string) => (reads.get(name) ?? 0) > 0
  for (let at = graph.nodes.length - 1; at >= 0; at--) {
    const node = graph.nodes[at]!
    if (node.outputs.some(isRead)) continue
    for (const name of readsOf(node)) reads.set(name, reads.get(name)! - 1)
    graph.nodes.splice(at, 1)
  }
  graph.initializers = graph.initializers.filter(({ name }) => isRead(name))
}
