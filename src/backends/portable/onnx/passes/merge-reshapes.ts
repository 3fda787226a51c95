import type { Node } from '../graph.ts'
import { sameDims } from '../value.ts'
import type { Rewriter } from './rewriter.ts'

/** Whether a node gives the elements of its first input in their order, in a shape that is known: transposing does where it only moves axes of size one. */
export function onlyReshapes(node: Node | undefined, rewriter: Rewriter): node is Node {
  const from = rewriter.dims(node?.inputs[0])
  const to = rewriter.dims(node?.outputs[0])
  if (!from || !to || to.includes(0)) return false
  switch (node!.opType) {
    case 'Flatten':
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
      return true
    case 'Transpose': {
      const kept = (node!.attributes.perm as number[]).filter((axis) => from[axis] !== 1)
      return kept.every((axis, index) => index === 0 || axis > kept[index - 1]!)
    }
    default:
      return false
  }
}

/** The value that `name` is another shape of. */
function origin(name: string, rewriter: Rewriter): string {
  const producer = rewriter.producer(name)
  return onlyReshapes(producer, rewriter) ? origin(producer.inputs[0]!, rewriter) : name
}

/** A node that reads each value in the shape that it needs, without detours. */
function shortened(node: Node, rewriter: Rewriter): Node {
  const inputs = node.inputs.map((name) => {
    const from = name === '' ? name : origin(name, rewriter)
    return sameDims(rewriter.dims(from), rewriter.dims(name)) ? from : name
  })
  if (onlyReshapes(node, rewriter)) {
    const from = origin(node.inputs[0]!, rewriter)
    const direct = node.opType === 'Reshape' && from === node.inputs[0]
    const [output] = node.outputs as [string]
    if (!direct) {
      const shape = rewriter.addInts(output, 'shape', rewriter.dims(output)!)
      return { ...node, opType: 'Reshape', inputs: [from, shape], attributes: {} }
    }
  }
  return inputs.every((name, index) => name === node.inputs[index]) ? node : { ...node, inputs }
}

/**
 * reshape(reshape(x) · W) as reshape(x) · W: rows of x stay rows, however they are arranged. Converters make a matrix of the rows in front of each linear
 * layer and undo that behind it; then no reshape is left.
 */
function multiplyInShape(node: Node, rewriter: Rewriter): void {
  const product = onlyReshapes(node, rewriter) ? rewriter.soleProducer(node.inputs[0]) : undefined
  const weight = rewriter.dims(product?.inputs[1])
  const rows = rewriter.producer(product?.inputs[0])
  const dims = rewriter.dims(node.outputs[0])!
  if (product?.opType !== 'MatMul' || weight?.length !== 2 || !onlyReshapes(rows, rewriter) || dims.length < 2 || dims.at(-1) !== weight[1])
    return
  const [x, w] = [origin(rows.outputs[0]!, rewriter), product.inputs[1]!]
  const wanted = dims.with(-1, weight[0]!)
  const left = sameDims(rewriter.dims(x), wanted) ? x : reshaped(node, x, wanted, rewriter)
  rewriter.replace(node, { ...product, inputs: [left, w], outputs: node.outputs })
}

function reshaped(before: Node, x: string, dims: readonly number[], rewriter: Rewriter): string {
  return rewriter.insert(before, 'Reshape', [x, rewriter.addInts(before.outputs[0]!, 'shape', dims)], [dims])[0]!
}

/**
 * Nodes that only give a value another shape are passed by: what reads a value in the shape that it had reads it there, and of several shapes in a row
 * the last one is left.
 */
export function mergeReshapes(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const short = shortened(node, rewriter)
    if (short !== node) rewriter.replace(node, short)
    multiplyInShape(short, rewriter)
  }
}
