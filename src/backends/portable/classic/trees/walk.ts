import { comparison, type TreeEnsemble } from './ensemble.ts'

/**
 * Follows one tree from its root to a leaf: every comparison, missing values (NaN) included.
 *
 * @param row feature values; those of this prediction start at `offset`
 * @returns the leaf's node index
 */
export function walk(ensemble: TreeEnsemble, tree: number, row: Float64Array, offset: number): number {
  const { child, feature, threshold, missing, compare } = ensemble
  let node = ensemble.roots[tree]!
  for (;;) {
    const first = child[node]!
    if (first === node) return node
    const value = row[offset + feature[node]!]!
    const how = compare[node]!
    if (Number.isNaN(value)) node = first + missing[node]!
    else if (how === comparison.ordered) node = value > threshold[node]! ? first + 1 : first
    else if (how === comparison.unequal) node = value !== threshold[node]! ? first + 1 : first
    else node = first + 1
  }
}

/** Adds what a leaf says to the outputs that start at `at` in `sums`. */
export function addLeaf(ensemble: TreeEnsemble, leaf: number, sums: Float64Array, at: number): void {
  if (ensemble.dimensions === 1) {
    sums[at]! += ensemble.leafValue[leaf]!
    return
  }
  const { pairStart, pairOutput, pairValue } = ensemble
  for (let pair = pairStart[leaf]!; pair < pairStart[leaf + 1]!; pair++) sums[at + pairOutput[pair]!]! += pairValue[pair]!
}
