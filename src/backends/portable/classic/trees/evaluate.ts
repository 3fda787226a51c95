import type { TreeEnsemble } from './ensemble.ts'
import { suitsKernel, TreeKernel } from './kernel.ts'
import { addLeaf, walk } from './walk.ts'

/** Below this many trees the kernel's set-up and memory are not worth their while. */
const fewTrees = 16

/** Evaluates a laid-out ensemble: with the kernel where that can, node by node where it cannot (equality) or need not (few trees). */
export class TreeEvaluation {
  readonly #ensemble: TreeEnsemble
  #kernel: TreeKernel | undefined

  constructor(ensemble: TreeEnsemble) {
    this.#ensemble = ensemble
    if (ensemble.roots.length < fewTrees || !suitsKernel(ensemble)) return
    try {
      this.#kernel = new TreeKernel(ensemble)
    } catch (error) {
      // Every WebAssembly memory reserves gigabytes of address space: a process with very many models walks the trees of the last ones.
      if (!(error instanceof RangeError)) throw error
    }
  }

  /**
   * Base value plus leaf values, before any transform.
   *
   * @param rows feature values, `stride` a prediction, NaN for a missing one; rounded in place where the ensemble computes in float32
   * @returns `dimensions` sums a prediction
   */
  run(rows: Float64Array, stride: number, count: number): Float64Array {
    const { base, dimensions, single } = this.#ensemble
    if (single) for (let i = 0; i < rows.length; i++) rows[i] = Math.fround(rows[i]!)
    const sums = new Float64Array(count * dimensions)
    for (let i = 0; i < count; i++) sums.set(base, i * dimensions)
    if (this.#kernel) this.#kernel.run(rows, stride, count, sums)
    else this.#walkAll(rows, stride, count, sums)
    return sums
  }

  #walkAll(rows: Float64Array, stride: number, count: number, sums: Float64Array): void {
    const trees = this.#ensemble.roots.length
    for (let i = 0; i < count; i++)
      for (let tree = 0; tree < trees; tree++)
        addLeaf(this.#ensemble, walk(this.#ensemble, tree, rows, i * stride), sums, i * this.#ensemble.dimensions)
  }

  dispose(): void {
    this.#kernel = undefined
  }
}
