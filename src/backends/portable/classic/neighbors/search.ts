/** Samples in one array, `dimensions` values each. */
export interface Samples {
  readonly values: Float32Array
  readonly dimensions: number
  readonly count: number
}

/** The nearest samples to a point by squared Euclidean distance, nearest first; of equal distances the earlier sample comes first. */
export interface Neighbors {
  indices: number[]
  distances: number[]
}

export type NeighborSearch = (point: ArrayLike<number>, k: number) => Neighbors

/** The k best candidates so far, in order. */
class Nearest {
  readonly indices: number[] = []
  readonly distances: number[] = []
  readonly #k: number

  constructor(k: number) {
    this.#k = k
  }

  /** The distance that a further candidate has to be below, or at with a lower index. */
  get worst(): number {
    return this.indices.length < this.#k ? Number.POSITIVE_INFINITY : this.distances[this.#k - 1]!
  }

  offer(index: number, distance: number): void {
    const { indices, distances } = this
    let at = indices.length
    while (at > 0 && (distances[at - 1]! > distance || (distances[at - 1] === distance && indices[at - 1]! > index))) at--
    if (at >= this.#k) return
    indices.splice(at, 0, index)
    distances.splice(at, 0, distance)
    if (indices.length > this.#k) {
      indices.pop()
      distances.pop()
    }
  }
}

function squaredDistance({ values, dimensions }: Samples, sample: number, point: ArrayLike<number>): number {
  let sum = 0
  for (let d = 0, at = sample * dimensions; d < dimensions; d++, at++) sum += (values[at]! - point[d]!) ** 2
  return sum
}

/** Looks at every sample. */
export function linearSearch(samples: Samples): NeighborSearch {
  return (point, k) => {
    const nearest = new Nearest(k)
    for (let sample = 0; sample < samples.count; sample++) {
      const distance = squaredDistance(samples, sample, point)
      if (distance <= nearest.worst) nearest.offer(sample, distance)
    }
    return nearest
  }
}

interface KdLeaf {
  samples: number[]
}
interface KdBranch {
  dimension: number
  /** Samples with less or equal lie below, those with more or equal above. */
  split: number
  below: KdNode
  above: KdNode
}
type KdNode = KdLeaf | KdBranch

/** Halves the samples along the dimension in which they spread most, down to leaves of `leafSize`. */
function buildKdTree(samples: Samples, members: number[], leafSize: number): KdNode {
  if (members.length <= leafSize) return { samples: members }
  const { values, dimensions } = samples
  let dimension = 0
  let widest = -1
  for (let d = 0; d < dimensions; d++) {
    let least = Number.POSITIVE_INFINITY
    let greatest = Number.NEGATIVE_INFINITY
    for (const member of members) {
      const value = values[member * dimensions + d]!
      if (value < least) least = value
      if (value > greatest) greatest = value
    }
    if (greatest - least > widest) {
      widest = greatest - least
      dimension = d
    }
  }
  if (!(widest > 0)) return { samples: members }
  const value = (member: number) => values[member * dimensions + dimension]!
  const sorted = members.toSorted((a, b) => value(a) - value(b))
  const middle = sorted.length >> 1
  return {
    dimension,
    split: value(sorted[middle]!),
    below: buildKdTree(samples, sorted.slice(0, middle), leafSize),
    above: buildKdTree(samples, sorted.slice(middle), leafSize),
  }
}

/** Looks only into those parts of a kd-tree that can hold a nearer sample; finds the same samples as {@link linearSearch}. */
export function kdTreeSearch(samples: Samples, leafSize: number): NeighborSearch {
  const root = buildKdTree(
    samples,
    Array.from({ length: samples.count }, (_, index) => index),
    Math.max(1, leafSize),
  )
  return (point, k) => {
    const nearest = new Nearest(k)
    const visit = (node: KdNode): void => {
      if ('samples' in node) {
        for (const sample of node.samples) {
          const distance = squaredDistance(samples, sample, point)
          if (distance <= nearest.worst) nearest.offer(sample, distance)
        }
        return
      }
      const offset = point[node.dimension]! - node.split
      visit(offset < 0 ? node.below : node.above)
      // The plane itself may hold samples as far as the worst one, with a lower index.
      if (!(offset * offset > nearest.worst)) visit(offset < 0 ? node.above : node.below)
    }
    visit(root)
    return nearest
  }
}
