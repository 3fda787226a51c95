import type { Node } from '../graph.ts'
import { sameDims } from '../value.ts'
import type { Rewriter } from './rewriter.ts'

/**
 * Scores of one head, queries × keys, from which on attention is fused: a MiB of them. Measured, attention of 1500 × 1500 takes 0.6 to 0.8 of the
 * time, of 577 × 577 0.7 to 0.9, and of 197 × 197 the same.
 */
const manyScores = 1 << 18

/** softmax(scale · query · keyᵀ) · value: [batch, heads, sequence, size of a head], or without the batch. */
interface Attention {
  query: string
  key: string
  /** The key's last two dimensions are the other way round. */
  isKeyTransposed: boolean
  value: string
  scale: number
}

function isMatrixProduct(node: Node | undefined): node is Node {
  return node?.opType === 'MatMul' || (node?.opType === 'FusedMatMul' && !node.attributes.transA)
}

function attentionOf(node: Node, rewriter: Rewriter): Attention | undefined {
  if (node.opType !== 'MatMul') return undefined
  const softmax = rewriter.soleProducer(node.inputs[0])
  const rank = rewriter.dims(node.outputs[0])?.length
  const isOverKeys = softmax?.opType === 'Softmax' && (softmax.attributes.axis === -1 || softmax.attributes.axis === rank! - 1)
  if (!isOverKeys) return undefined
  let scale = 1
  let scores = rewriter.soleProducer(softmax.inputs[0])
  if (scores?.opType === 'Mul' || scores?.opType === 'Div') {
    const factor = rewriter.scalar(scores.inputs[1])
    if (factor === undefined) return undefined
    scale = scores.opType === 'Mul' ? factor : 1 / factor
    scores = rewriter.soleProducer(scores.inputs[0])
  }
  if (!isMatrixProduct(scores)) return undefined
  const { alpha = 1, transB = 0 } = scores.attributes as { alpha?: number; transB?: number }
  const [query, key] = scores.inputs as [string, string]
  return { query, key, isKeyTransposed: transB === 0, value: node.inputs[1]!, scale: scale * alpha }
}

/**
 * Attention without a mask over long sequences becomes one node, MultiHeadAttention, which goes through the keys block by block: the scores stay in the
 * core's cache, where all of them would be written to memory and read again, twice. It takes [batch, sequence, heads · size of a head].
 */
export function fuseAttention(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const found = attentionOf(node, rewriter)
    if (!found) continue
    const { query, key, isKeyTransposed, value, scale } = found
    const [q, k, v] = [query, key, value].map((name) => rewriter.dims(name))
    if (!q || !k || !v || (q.length !== 3 && q.length !== 4) || !(scale > 0)) continue
    const [batch, heads, queries, size] = q.length === 3 ? [1, ...q] : (q as number[])
    const keys = v.at(-2)!
    const leading = q.slice(0, -2)
    const keyDims = [...leading, ...(isKeyTransposed ? [size!, keys] : [keys, size!])]
    if (!sameDims(k, keyDims) || !sameDims(v, [...leading, keys, size!]) || queries! * keys < manyScores) continue

    // The heads go behind the sequence. onnxruntime drops pairs of transpositions that undo each other.
    const inFront = q.length === 3 ? [] : [0]
    const [head, sequence, element] = [0, 1, 2].map((axis) => axis + inFront.length) as [number, number, number]
    const sequences = (name: string, length: number, perm: number[]) => {
      const dims = rewriter.dims(name)!
      const moved = rewriter.insert(node, 'Transpose', [name], [perm.map((axis) => dims[axis]!)], { attributes: { perm } })
      const shape = [batch!, length, heads! * size!]
      return rewriter.insert(node, 'Reshape', [...moved, rewriter.addInts(node.outputs[0]!, 'shape', shape)], [shape])
    }
    const straight = [...inFront, sequence, head, element]
    const inputs = [
      ...sequences(query, queries!, straight),
      ...sequences(key, keys, isKeyTransposed ? [...inFront, element, head, sequence] : straight),
      ...sequences(value, keys, straight),
    ]
    const options = { domain: 'com.microsoft', attributes: { num_heads: heads!, scale } }
    const attended = rewriter.insert(node, 'MultiHeadAttention', inputs, [[batch!, queries!, heads! * size!]], options)
    const shape = [...leading.slice(0, -1), queries!, heads!, size!]
    const apart = rewriter.insert(node, 'Reshape', [...attended, rewriter.addInts(node.outputs[0]!, 'shape', shape)], [shape])
    rewriter.replace(node, { ...node, opType: 'Transpose', inputs: apart, attributes: { perm: straight } })
  }
}
