import type { Graph, InputPart } from '../graph.ts'
import type { Dim } from '../value.ts'
import { broadcastRepetitions } from './broadcast-repetitions.ts'
import { castPicked } from './cast-picked.ts'
import { convolvePooled } from './convolve-pooled.ts'
import { dropUnused } from './drop-unused.ts'
import { fuseAttention } from './fuse-attention.ts'
import { fuseHardSwish } from './fuse-hard-swish.ts'
import { fuseInstanceNormalization } from './fuse-instance-normalization.ts'
import { fuseRmsNormalization } from './fuse-rms-normalization.ts'
import { keepSumsApart } from './keep-sums-apart.ts'
import { optimizeLoops } from './loops/index.ts'
import { mergeBounds } from './merge-bounds.ts'
import { mergePadding } from './merge-padding.ts'
import { mergeReshapes } from './merge-reshapes.ts'
import { moveSoftmax } from './move-softmax.ts'
import { nameOutputs } from './name-outputs.ts'
import { poolMeans } from './pool-means.ts'
import { reshapeBeforeSplit } from './reshape-before-split.ts'
import { Rewriter } from './rewriter.ts'
import { spareConcatenations } from './spare-concatenations.ts'
import { spellOutOperators } from './spell-out-operators.ts'
import { takeInputsApart } from './take-inputs-apart.ts'

/**
 * Brings a lowered graph, in place, to the form that onnxruntime runs fastest; what onnxruntime does at load by itself is left to it.
 * @param features the inputs that a caller feeds, which may be taken apart, with the largest dimensions that they may have, null where there is no largest one
 * @returns the graph's inputs that are parts of those
 */
export function optimize(graph: Graph, features: ReadonlyMap<string, readonly Dim[]> = new Map()): InputPart[] {
  optimizeLoops(graph, features)
  const rewriter = new Rewriter(graph)
  mergeBounds(rewriter)
  fuseHardSwish(rewriter)
  fuseInstanceNormalization(rewriter)
  fuseRmsNormalization(rewriter)
  fuseAttention(rewriter)
  mergePadding(rewriter)
  poolMeans(rewriter)
  spellOutOperators(rewriter)
  moveSoftmax(rewriter)
  castPicked(rewriter)
  broadcastRepetitions(rewriter)
  spareConcatenations(rewriter)
  mergeReshapes(rewriter)
  convolvePooled(rewriter)
  dropUnused(graph)
  // What follows asks who reads a value, which the nodes that are gone do no more.
  const rest = new Rewriter(graph)
  reshapeBeforeSplit(rest)
  keepSumsApart(rest)
  const parts = takeInputsApart(graph, rest, new Set(features.keys()))
  dropUnused(graph)
  nameOutputs(graph)
  return parts
}
