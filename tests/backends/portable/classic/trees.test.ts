import { create, type MessageInitShape } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layOutTrees } from '../../../../src/backends/portable/classic/trees/ensemble.ts'
import { TreeEvaluation } from '../../../../src/backends/portable/classic/trees/evaluate.ts'
import { suitsKernel } from '../../../../src/backends/portable/classic/trees/kernel.ts'
import { type TreeNode, TreeNodeBehavior } from '../../../../src/format/index.ts'
import { TreeNodeSchema } from '../../../protobuf-schemas.ts'

const node = (init: MessageInitShape<typeof TreeNodeSchema>): TreeNode => create(TreeNodeSchema, init)
const leaf = (treeId: number, nodeId: number, ...values: number[]): TreeNode =>
  node({
    treeId,
    nodeId,
    nodeBehavior: TreeNodeBehavior.LeafNode,
    evaluationInfo: values.map((evaluationValue, evaluationIndex) => ({ evaluationIndex, evaluationValue })),
  })
const branch = (treeId: number, nodeId: number, trueChildNodeId: number, falseChildNodeId: number, more = {}): TreeNode =>
  node({ treeId, nodeId, trueChildNodeId, falseChildNodeId, ...more })

/** A tree as the format means it, evaluated by recursion over the nodes themselves. */
type Tree = { leaf: number[] } | { mode: number; feature: number; value: number; missing: boolean; whenTrue: Tree; whenFalse: Tree }

const tests: Record<number, (x: number, value: number) => boolean> = {
  0: (x, value) => x <= value,
  1: (x, value) => x < value,
  2: (x, value) => x >= value,
  3: (x, value) => x > value,
  4: (x, value) => x === value,
  5: (x, value) => x !== value,
}

function evaluate(tree: Tree, row: readonly number[]): number[] {
  if ('leaf' in tree) return tree.leaf
  const x = row[tree.feature]!
  const taken = Number.isNaN(x) ? tree.missing : tests[tree.mode]!(x, tree.value)
  return evaluate(taken ? tree.whenTrue : tree.whenFalse, row)
}

function nodesOf(tree: Tree, treeId: number): TreeNode[] {
  const nodes: TreeNode[] = []
  const add = (part: Tree): number => {
    const nodeId = 10 + nodes.length * 3
    const at = nodes.length
    nodes.push(leaf(treeId, nodeId))
    if ('leaf' in part) nodes[at] = leaf(treeId, nodeId, ...part.leaf)
    else
      nodes[at] = branch(treeId, nodeId, add(part.whenTrue), add(part.whenFalse), {
        nodeBehavior: part.mode,
        branchFeatureIndex: part.feature,
        branchFeatureValue: part.value,
        missingValueTracksTrueChild: part.missing,
      })
    return nodeId
  }
  add(tree)
  return nodes
}

const features = 4
/** Few values, so that features often lie on thresholds; the neighbours of 1 tell < from ≤ in double precision. */
const values = [-Infinity, -1, -0, 0, Number.MIN_VALUE, 1 - 2 ** -53, 1, 1 + 2 ** -52, 3.5, 1e300, Infinity]

function trees(dimensions: number, modes: number[]): fc.Arbitrary<Tree> {
  const leaves = fc.record({
    leaf: fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: dimensions, maxLength: dimensions }),
  })
  return fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      leaves,
      fc.record({
        mode: fc.constantFrom(...modes),
        feature: fc.nat(features - 1),
        value: fc.constantFrom(...values),
        missing: fc.boolean(),
        whenTrue: tie('tree'),
        whenFalse: tie('tree'),
      }),
    ),
  })).tree
}

const rows = fc.array(fc.array(fc.constantFrom(...values, Number.NaN), { minLength: features, maxLength: features }), {
  minLength: 1,
  maxLength: 12,
})

function checkAgainstRecursion(forest: Tree[], dimensions: number, table: number[][]): void {
  const base = Array.from({ length: dimensions }, (_, i) => i + 0.5)
  const ensemble = layOutTrees(
    forest.flatMap((tree, id) => nodesOf(tree, id * 7)),
    dimensions,
    base,
    'model',
  )
  const sums = new TreeEvaluation(ensemble).run(Float64Array.from(table.flat()), features, table.length)
  table.forEach((row, index) => {
    const expected = [...base]
    for (const tree of forest) for (const [output, value] of evaluate(tree, row).entries()) expected[output] = expected[output]! + value
    expect(Array.from(sums.subarray(index * dimensions, (index + 1) * dimensions))).toEqual(expected)
  })
}

describe('tree ensembles', () => {
  for (const dimensions of [1, 3]) {
    it(`few trees, every comparison, ${dimensions} outputs`, () => {
      const forest = fc.array(trees(dimensions, [0, 1, 2, 3, 4, 5]), { minLength: 1, maxLength: 6 })
      fc.assert(fc.property(forest, rows, (forest, table) => checkAgainstRecursion(forest, dimensions, table)))
    })
    it(`many trees, ordered comparisons, ${dimensions} outputs`, () => {
      const forest = fc.array(trees(dimensions, [0, 1, 2, 3]), { minLength: 16, maxLength: 45 })
      fc.assert(
        fc.property(forest, rows, (forest, table) => checkAgainstRecursion(forest, dimensions, table)),
        { numRuns: 60 },
      )
    })
  }

  it('many trees whose thresholds nothing exceeds: missing values go where the nodes say', () => {
    for (const value of [Infinity, Number.NaN])
      for (const missing of [true, false]) {
        const tree = { mode: 3, feature: 0, value, missing, whenTrue: { leaf: [1] }, whenFalse: { leaf: [2] } }
        checkAgainstRecursion(Array<Tree>(16).fill(tree), 1, [
          [Number.NaN, 0, 0, 0],
          [1, 0, 0, 0],
          [Infinity, 0, 0, 0],
        ])
      }
  })

  it('many rows over many trees give what one row at a time gives', () => {
    const forest: Tree[] = Array.from({ length: 400 }, (_, tree) => {
      const grow = (depth: number): Tree =>
        depth === 0 || (depth < 5 && Math.sin(tree * 31 + depth * 7) > 0.6)
          ? { leaf: [Math.cos(tree + depth)] }
          : {
              mode: (tree + depth) % 4,
              feature: (tree * 3 + depth) % features,
              value: Math.sin(tree * 1.7 + depth * 2.3) * 2,
              missing: (tree + depth) % 3 === 0,
              whenTrue: grow(depth - 1),
              whenFalse: grow(depth - 1),
            }
      return grow(8)
    })
    const ensemble = layOutTrees(
      forest.flatMap((tree, id) => nodesOf(tree, id)),
      1,
      [],
      'model',
    )
    expect(suitsKernel(ensemble)).toBe(true)
    const table = Array.from({ length: 700 }, (_, row) =>
      Array.from({ length: features }, (_, f) => (row % 5 === f ? Number.NaN : Math.sin(row * 0.37 + f) * 2)),
    )
    const sums = new TreeEvaluation(ensemble).run(Float64Array.from(table.flat()), features, table.length)
    table.forEach((row, index) => {
      expect(sums[index]).toBe(forest.reduce((sum, tree) => sum + evaluate(tree, row)[0]!, 0))
    })
  })

  it('rounds features to float32 where the thresholds are float32 data, and only there', () => {
    const single = Math.fround(0.1)
    const forest = (value: number) => [
      branch(0, 0, 1, 2, { nodeBehavior: TreeNodeBehavior.BranchOnValueLessThan, branchFeatureValue: value }),
      leaf(0, 1, 1),
      leaf(0, 2, 2),
    ]
    const run = (threshold: number, x: number) =>
      new TreeEvaluation(layOutTrees(forest(threshold), 1, [0], 'model')).run(Float64Array.of(x), 1, 1)[0]
    expect(0.1 < single).toBe(true)
    expect(run(single, 0.1)).toBe(2) // the float 0.1 is not less than itself
    expect(run(0.5, 0.5 - 2 ** -54)).toBe(1)
    expect(run(0.1, 0.1 - 2 ** -56)).toBe(1)
  })

  it('a value on a threshold goes where the comparison says', () => {
    const outcome = (mode: number, x: number) =>
      new TreeEvaluation(
        layOutTrees(
          nodesOf({ mode, feature: 0, value: 2, missing: false, whenTrue: { leaf: [1] }, whenFalse: { leaf: [0] } }, 0),
          1,
          [0],
          'm',
        ),
      ).run(Float64Array.of(x), 1, 1)[0]
    expect([0, 1, 2, 3, 4, 5].map((mode) => outcome(mode, 2))).toEqual([1, 0, 1, 0, 1, 0])
  })
})

describe('ensembles that are no trees', () => {
  const refusal = (nodes: TreeNode[], pattern: RegExp, dimensions = 1, base: number[] = []) =>
    expect(() => layOutTrees(nodes, dimensions, base, 'model')).toThrow(
      expect.objectContaining({ code: 'ERR_MODEL_INVALID', message: expect.stringMatching(pattern) }),
    )
  const good = [branch(0, 0, 1, 2), leaf(0, 1, 1), leaf(0, 2, 1)]

  it('are refused with tree and node', () => {
    refusal([branch(3, 0, 1, 9), leaf(3, 1, 1)], /node 0 of tree 3 refers to node 9/)
    refusal([...good, leaf(0, 2, 1)], /node 2 of tree 0 is there twice/)
    refusal([...good, leaf(0, 5, 1)], /tree 0 has several roots: nodes 0, 5/)
    refusal([branch(0, 0, 1, 1), leaf(0, 1, 1)], /node 1 of tree 0 has two parents/)
    refusal([branch(0, 0, 1, 2), branch(0, 1, 0, 3), leaf(0, 2, 1), leaf(0, 3, 1)], /tree 0 has no root/)
    refusal([...good, branch(0, 4, 5, 6), branch(0, 5, 4, 7), leaf(0, 6, 1), leaf(0, 7, 1)], /4 nodes of tree 0 cannot be reached/)
    refusal([branch(0, 0, 1, 2, { nodeBehavior: 9 }), leaf(0, 1, 1), leaf(0, 2, 1)], /unknown behavior 9/)
    refusal([leaf(0, 0, 1, 2)], /leaf 0 of tree 0 adds to dimension 1; there are 1/)
    refusal(good, /no prediction dimensions/, 0)
    refusal(good, /basePredictionValue has 2 values/, 1, [0, 0])
  })
})
