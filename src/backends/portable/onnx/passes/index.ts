import type { Graph } from '../graph.ts'
import { dropUnused } from './drop-unused.ts'
import { fuseInstanceNormalization } from './fuse-instance-normalization.ts'
import { keepZerosOfMaxPool } from './keep-zeros-of-max-pool.ts'
import { mergeBounds } from './merge-bounds.ts'
import { Rewriter } from './rewriter.ts'

/** Brings a lowered graph, in place, to the form that onnxruntime runs fastest; what onnxruntime does at load by itself is left to it. */
export function optimize(graph: Graph): void {
  const rewriter = new Rewriter(graph)
  mergeBounds(rewriter)
  fuseInstanceNormalization(rewriter)
  keepZerosOfMaxPool(rewriter)
  dropUnused(graph)
}
