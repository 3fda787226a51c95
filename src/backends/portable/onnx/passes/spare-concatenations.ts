import { elementCount } from '../../../../model/tensor.ts'
import type { Node } from '../graph.ts'
import { cutsOf } from './cuts.ts'
import type { Rewriter } from './rewriter.ts'

/** To run a node takes some microseconds, as the copy of so many elements does. */
const worthANode = 16 * 1024

/** A Concat of values whose dimensions are known. */
interface Concatenation {
  node: Node
  dims: readonly number[]
  axis: number
  /** The size of each part along the axis. */
  sizes: number[]
}

function concatenation(node: Node | undefined, rewriter: Rewriter): Concatenation | undefined {
  if (node?.opType !== 'Concat') return undefined
  const dims = rewriter.dims(node.outputs[0])
  const parts = node.inputs.map((name) => rewriter.dims(name))
  if (!dims || !parts.every((part) => part !== undefined)) return undefined
  const axis = ((node.attributes.axis as number) + dims.length) % dims.length
  return { node, dims, axis, sizes: parts.map((part) => part[axis]!) }
}

/** A slice that is one of the values that were concatenated becomes that value. */
function takePart(node: Node, rewriter: Rewriter): void {
  const whole = concatenation(rewriter.producer(node.inputs[0]), rewriter)
  const [cut, ...others] = (whole && cutsOf(node, whole.dims, rewriter)) ?? []
  if (!whole || !cut || others.length > 0) return
  let end = 0
  const part = whole.sizes.findIndex((size) => {
    const begin = end
    end += size
    return cut.every(([from, to], axis) => (axis === whole.axis ? from === begin && to === end : from === 0 && to === whole.dims[axis]))
  })
  if (part >= 0) rewriter.replace(node, { ...node, opType: 'Identity', inputs: [whole.node.inputs[part]!], attributes: {} })
}

/** A factor behind a product with a concatenation goes into it, as onnxruntime would put it there if the product stayed whole. */
function takeFactor(node: Node, rewriter: Rewriter): void {
  const factor = rewriter.scalar(node.inputs[1])
  const product = rewriter.soleProducer(node.inputs[0])
  if (factor === undefined || (product?.opType !== 'MatMul' && product?.opType !== 'FusedMatMul')) return
  const areMatrices = product.inputs.every((name) => (rewriter.dims(name)?.length ?? 0) >= 2)
  if (!areMatrices || !concatenation(rewriter.producer(product.inputs[1]), rewriter)) return
  const alpha = factor * ((product.attributes.alpha as number | undefined) ?? 1)
  rewriter.replace(product, { ...product, opType: 'FusedMatMul', domain: 'com.microsoft', attributes: { ...product.attributes, alpha } })
  rewriter.replace(node, { ...node, opType: 'Identity', inputs: product.outputs, attributes: {} })
}

/** Multiplies with the parts of a concatenation that nothing else reads. */
function multiplyParts(node: Node, rewriter: Rewriter): void {
  const { transA, transB, alpha: _alpha, ...others } = node.attributes
  if (transA || Object.keys(others).length > 0) return
  const [x, y] = node.inputs as [string, string]
  const whole = concatenation(rewriter.soleProducer(y), rewriter)
  const left = rewriter.dims(x)
  const result = rewriter.dims(node.outputs[0])
  if (!whole || !left || !result || whole.dims.length < 2 || left.length < 2) return
  const { dims, axis, sizes } = whole
  const parts = whole.node.inputs
  const spared = elementCount(dims) - elementCount(left) - elementCount(result)
  if (spared < worthANode * parts.length) return
  const last = dims.length - 1
  const columns = transB ? last - 1 : last
  const rows = transB ? last : last - 1
  const along = result.length - 1
  const times = (each: string, part: string, size: readonly number[]) =>
    rewriter.insert(node, node.opType, [each, part], [size], { domain: node.domain, attributes: node.attributes })[0]!
  if (axis === columns) {
    const products = parts.map((part, index) => times(x, part, result.with(along, sizes[index]!)))
    rewriter.replace(node, { ...node, opType: 'Concat', domain: '', inputs: products, attributes: { axis: along } })
  } else if (axis === rows) {
    const lengths = rewriter.addInts(node.outputs[0]!, 'sizes', sizes)
    const cuts = sizes.map((size) => left.with(-1, size))
    const lefts = rewriter.insert(node, 'Split', [x, lengths], cuts, { attributes: { axis: left.length - 1 } })
    const products = parts.map((part, index) => times(lefts[index]!, part, result))
    rewriter.replace(node, { ...node, opType: 'Sum', domain: '', inputs: products, attributes: {} })
  }
}

/**
 * What only takes a concatenation apart again goes without it. That is the cache of keys and values in attention: what is new is appended, a few rows are
 * multiplied with all of it, and what is new is an output. To multiply with old and new apart costs less than to copy the cache.
 */
export function spareConcatenations(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    if (node.opType === 'Slice') takePart(node, rewriter)
    if (node.opType === 'Mul') takeFactor(node, rewriter)
  }
  for (const node of rewriter.nodes()) {
    if (node.opType === 'MatMul' || node.opType === 'FusedMatMul') multiplyParts(node, rewriter)
  }
}
