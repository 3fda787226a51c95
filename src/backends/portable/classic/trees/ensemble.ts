import { CoreMLError } from '../../../../errors.ts'
import { type TreeNode, TreeNodeBehavior } from '../../../../format/index.ts'

/** When the second child of a branch is taken. */
export const comparison = {
  /** value > threshold */
  ordered: 0,
  /** value ≠ threshold */
  unequal: 1,
  /** Always: nothing is less than −∞ or compares with NaN. */
  always: 2,
} as const

/**
 * Trees as flat arrays. The two children of a branch are neighbours: `child[n]` is taken when `value > threshold[n]` is false, the next one when it
 * is true. Every ordered comparison of the format becomes this one: `<` by the next smaller threshold, `≥` and `>` by swapping the children.
 * A leaf has itself as child and an infinite threshold: stepping on from it stays there.
 */
export interface TreeEnsemble {
  /** Outputs of the ensemble. */
  dimensions: number
  /** Start value of each output. */
  base: Float64Array
  /** First node of each tree, in the order in which leaf values are added. */
  roots: Int32Array
  /** Branches between root and the nearest leaf, and the farthest, by tree. */
  minDepth: Int32Array
  maxDepth: Int32Array
  feature: Int32Array
  threshold: Float64Array
  child: Int32Array
  /** 1 where a missing value (NaN) takes the second child. */
  missing: Uint8Array
  /** How a node compares: one of {@link comparison}. */
  compare: Uint8Array
  /** True where every node compares in the ordered way. */
  ordered: boolean
  /** Value that a leaf adds to output 0, when there is one output. */
  leafValue: Float64Array
  /** Where a leaf's (output, value) pairs start in `pairOutput` and `pairValue`; they end where the next node's start. Only with several outputs. */
  pairStart: Int32Array
  pairOutput: Int32Array
  pairValue: Float64Array
  /** Features that the branches read: greatest index + 1. */
  featureCount: number
  /**
   * True where the ensemble was made in float32: every threshold and leaf value is a float32 number, and some threshold needs the whole of it. Features
   * are then rounded to float32 before they are compared, as Core ML and the libraries that train such trees do: a split lies exactly on a training value, and
   * the double 0.1 has to count as equal to the float 0.1. Short numbers (3, 0.5) say nothing about where they come from: they compare in double.
   */
  single: boolean
}

/**
 * Lays the nodes of an ensemble out for traversal, and checks that they are trees: one root each, children that exist, no node with two parents.
 *
 * @throws CoreMLError ERR_MODEL_INVALID that names tree and node.
 */
export function layOutTrees(
  nodes: readonly TreeNode[],
  dimensions: number,
  basePredictionValue: readonly number[],
  label: string,
): TreeEnsemble {
  const invalid = (text: string) => new CoreMLError('ERR_MODEL_INVALID', `${label}: ${text}`)
  if (!(dimensions >= 1)) throw invalid('the tree ensemble has no prediction dimensions')
  if (basePredictionValue.length !== 0 && basePredictionValue.length !== dimensions)
    throw invalid(`basePredictionValue has ${basePredictionValue.length} values, the ensemble ${dimensions} prediction dimensions`)
  const trees = groupByTree(nodes, invalid)
  const count = nodes.length
  const ensemble: TreeEnsemble = {
    dimensions,
    base: Float64Array.from({ length: dimensions }, (_, i) => basePredictionValue[i] ?? 0),
    roots: new Int32Array(trees.length),
    minDepth: new Int32Array(trees.length),
    maxDepth: new Int32Array(trees.length),
    feature: new Int32Array(count),
    threshold: new Float64Array(count),
    child: new Int32Array(count),
    missing: new Uint8Array(count),
    compare: new Uint8Array(count),
    ordered: true,
    leafValue: new Float64Array(count),
    pairStart: new Int32Array(count + 1),
    pairOutput: new Int32Array(0),
    pairValue: new Float64Array(0),
    featureCount: 0,
    single: false,
  }
  const pairs: { output: number; value: number }[] = []
  let allSingle = true
  let someLong = false
  let next = 0
  trees.forEach(({ id, byId, root }, tree) => {
    ensemble.roots[tree] = next
    ensemble.minDepth[tree] = 0x7fffffff
    const first = next
    // Breadth first, so that siblings are neighbours and the nodes near the root share cache lines.
    const queue: { node: TreeNode; depth: number }[] = [{ node: root, depth: 0 }]
    next++
    for (let taken = 0; taken < queue.length; taken++) {
      const { node, depth } = queue[taken]!
      const at = first + taken
      ensemble.pairStart[at] = pairs.length
      if (node.nodeBehavior === TreeNodeBehavior.LeafNode) {
        ensemble.child[at] = at
        ensemble.threshold[at] = Number.POSITIVE_INFINITY
        ensemble.minDepth[tree] = Math.min(ensemble.minDepth[tree]!, depth)
        ensemble.maxDepth[tree] = Math.max(ensemble.maxDepth[tree]!, depth)
        for (const { evaluationIndex: output, evaluationValue } of node.evaluationInfo) {
          if (output >= dimensions) throw invalid(`leaf ${node.nodeId} of tree ${id} adds to dimension ${output}; there are ${dimensions}`)
          if (dimensions === 1) ensemble.leafValue[at] = ensemble.leafValue[at]! + evaluationValue
          else pairs.push({ output, value: evaluationValue })
          allSingle &&= Math.fround(evaluationValue) === evaluationValue
        }
        continue
      }
      const whenTrue = byId.get(node.trueChildNodeId)
      const whenFalse = byId.get(node.falseChildNodeId)
      if (!whenTrue || !whenFalse) {
        const lost = whenTrue ? node.falseChildNodeId : node.trueChildNodeId
        throw invalid(`node ${node.nodeId} of tree ${id} refers to node ${lost}, which is not there`)
      }
      const swapped = layOutBranch(ensemble, at, node, () =>
        invalid(`node ${node.nodeId} of tree ${id} has the unknown behavior ${node.nodeBehavior}`),
      )
      allSingle &&= Math.fround(node.branchFeatureValue) === node.branchFeatureValue
      someLong ||= needsWholeFloat(node.branchFeatureValue)
      ensemble.child[at] = next
      queue.push({ node: swapped ? whenFalse : whenTrue, depth: depth + 1 }, { node: swapped ? whenTrue : whenFalse, depth: depth + 1 })
      next += 2
    }
    if (queue.length !== byId.size) throw invalid(`${byId.size - queue.length} nodes of tree ${id} cannot be reached from its root`)
  })
  ensemble.single = allSingle && someLong
  ensemble.pairStart[count] = pairs.length
  ensemble.pairOutput = Int32Array.from(pairs, (pair) => pair.output)
  ensemble.pairValue = Float64Array.from(pairs, (pair) => pair.value)
  return ensemble
}

/** Writes one branch; tells whether its children change places. */
function layOutBranch(ensemble: TreeEnsemble, at: number, node: TreeNode, unknown: () => CoreMLError): boolean {
  const value = node.branchFeatureValue
  const index = node.branchFeatureIndex
  const mode = node.nodeBehavior
  ensemble.feature[at] = index
  ensemble.featureCount = Math.max(ensemble.featureCount, index + 1)
  const strict = mode === TreeNodeBehavior.BranchOnValueLessThan || mode === TreeNodeBehavior.BranchOnValueGreaterThanEqual
  const swapped =
    mode === TreeNodeBehavior.BranchOnValueGreaterThanEqual ||
    mode === TreeNodeBehavior.BranchOnValueGreaterThan ||
    mode === TreeNodeBehavior.BranchOnValueNotEqual
  if (mode === TreeNodeBehavior.BranchOnValueEqual || mode === TreeNodeBehavior.BranchOnValueNotEqual)
    ensemble.compare[at] = comparison.unequal
  else if (!strict && mode !== TreeNodeBehavior.BranchOnValueLessThanEqual && mode !== TreeNodeBehavior.BranchOnValueGreaterThan)
    throw unknown()
  else if ((strict && value === Number.NEGATIVE_INFINITY) || (Number.isNaN(value) && !swapped)) ensemble.compare[at] = comparison.always
  ensemble.ordered &&= ensemble.compare[at] === comparison.ordered
  ensemble.threshold[at] = strict ? numberBefore(value) : value // x < t is x ≤ the number before t
  ensemble.missing[at] = node.missingValueTracksTrueChild === swapped ? 1 : 0
  return swapped
}

/** True for float32 numbers with more than 16 significant bits. */
function needsWholeFloat(value: number): boolean {
  scratch.setFloat32(0, value)
  return (scratch.getUint32(0) & 0xff) !== 0
}

const scratch = new DataView(new ArrayBuffer(8))

/** The greatest double that is less than `value`. */
function numberBefore(value: number): number {
  if (Number.isNaN(value) || value === Number.NEGATIVE_INFINITY) return Number.NaN
  if (value === 0) return -Number.MIN_VALUE
  scratch.setFloat64(0, value)
  const bits = scratch.getBigInt64(0)
  scratch.setBigInt64(0, value > 0 ? bits - 1n : bits + 1n)
  return scratch.getFloat64(0)
}

interface TreeNodes {
  id: number
  byId: Map<number, TreeNode>
  root: TreeNode
}

function groupByTree(nodes: readonly TreeNode[], invalid: (text: string) => CoreMLError): TreeNodes[] {
  const trees = new Map<number, Map<number, TreeNode>>()
  for (const node of nodes) {
    const treeId = node.treeId
    const tree = trees.get(treeId) ?? new Map<number, TreeNode>()
    trees.set(treeId, tree)
    const nodeId = node.nodeId
    if (tree.has(nodeId)) throw invalid(`node ${nodeId} of tree ${treeId} is there twice`)
    tree.set(nodeId, node)
  }
  return Array.from(trees, ([id, byId]) => ({ id, byId, root: rootOf(id, byId, invalid) }))
}

function rootOf(tree: number, byId: Map<number, TreeNode>, invalid: (text: string) => CoreMLError): TreeNode {
  const children = new Set<number>()
  for (const node of byId.values()) {
    if (node.nodeBehavior === TreeNodeBehavior.LeafNode) continue
    for (const child of [node.trueChildNodeId, node.falseChildNodeId]) {
      if (children.has(child)) throw invalid(`node ${child} of tree ${tree} has two parents`)
      children.add(child)
    }
  }
  const roots = Array.from(byId.keys()).filter((id) => !children.has(id))
  if (roots.length !== 1)
    throw invalid(`tree ${tree} has ${roots.length === 0 ? 'no root' : `several roots: nodes ${roots.slice(0, 5).join(', ')}`}`)
  return byId.get(roots[0]!)!
}
