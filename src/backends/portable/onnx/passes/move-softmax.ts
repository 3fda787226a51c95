import type { Node } from '../graph.ts'
import { countOf, type Dim, leastCount } from '../value.ts'
import type { Rewriter } from './rewriter.ts'

/** Fewer elements, in all or behind the axis, are not worth that they are moved. */
const leastElements = 4096
const leastBehind = 32

/** The softmax of matrices [batch, values, behind] over their values, as one over the last axis. */
function moveAxis(node: Node, dims: readonly Dim[], axis: number, rewriter: Rewriter): void {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!]
  const [batch, values, behind] = [countOf(dims.slice(0, axis)), dims[axis]!, countOf(dims.slice(axis + 1))]
  const shape = (hint: string, sizes: readonly Dim[]) =>
    rewriter.addInts(
      output,
      hint,
      sizes.map((size) => size ?? -1),
    )
  const insert = (opType: string, inputs: string[], sizes: readonly Dim[], attributes: Node['attributes'] = {}) =>
    rewriter.insert(node, opType, inputs, [sizes], { attributes })[0]!

  const matrices = insert('Reshape', [x, shape('matrices', [batch, values, behind])], [batch, values, behind])
  const rows = insert('Transpose', [matrices], [batch, behind, values], { perm: [0, 2, 1] })
  const shares = insert('Softmax', [rows], [batch, behind, values], { axis: 2 })
  const columns = insert('Transpose', [shares], [batch, values, behind], { perm: [0, 2, 1] })
  rewriter.replace(node, { ...node, opType: 'Reshape', inputs: [columns, shape('shape', dims)], attributes: {} })
}

/**
 * A softmax over an inner axis is one over the last axis of transposed matrices. onnxruntime transposes as well, but tensors of all their dimensions, single
 * elements at a time: it takes three to ten times as long.
 */
export function moveSoftmax(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const dims = node.opType === 'Softmax' ? rewriter.shape(node.inputs[0]) : undefined
    // A Reshape finds out one dimension by itself.
    if (!dims || leastCount(dims) < leastElements || dims.filter((dim) => dim === null).length > 1) continue
    const given = node.attributes.axis as number
    const axis = given < 0 ? given + dims.length : given
    if (leastCount(dims.slice(axis + 1)) >= leastBehind) moveAxis(node, dims, axis, rewriter)
  }
}
