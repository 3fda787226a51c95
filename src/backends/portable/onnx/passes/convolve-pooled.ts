import type { Node } from '../graph.ts'
import { onlyReshapes } from './merge-reshapes.ts'
import type { Rewriter } from './rewriter.ts'

/** The pooled channels [1, C, 1, 1] of one image that a linear layer reads as a row [1, C]. */
function pooledRow(node: Node, rewriter: Rewriter): string | undefined {
  const { opType, attributes, inputs } = node
  const plain = opType === 'Gemm' && attributes.transB === 1 && Object.keys(attributes).length === 1
  const row = plain ? rewriter.producer(inputs[0]) : undefined
  if (!onlyReshapes(row, rewriter) || rewriter.dims(inputs[0])![0] !== 1) return undefined
  const pooled = row.inputs[0]!
  const dims = rewriter.dims(pooled)!
  return rewriter.producer(pooled)?.opType === 'GlobalAveragePool' && dims.length === 4 && dims[0] === 1 ? pooled : undefined
}

/**
 * A linear layer behind the pooled channels of one image, as classifiers end, is a convolution with a kernel of one pixel: onnxruntime computes that in the
 * layout of the convolutions in front, in two thirds of the time of a matrix product with one row. As it is published, it has that layout on x64 only.
 */
export function convolvePooled(rewriter: Rewriter, architecture: string = process.arch): void {
  if (architecture !== 'x64') return
  for (const node of rewriter.nodes()) {
    const pooled = pooledRow(node, rewriter)
    const weight = rewriter.constant(node.inputs[1])
    if (pooled === undefined || weight?.type !== 'float32') continue
    const dims = weight.dims as [number, number]
    const bias = node.inputs[2]
    // What a convolution takes as bias has one element for each output.
    if (bias && rewriter.dims(bias)?.join() !== `${dims[0]}`) continue
    const [output] = node.outputs as [string]
    const kernel = rewriter.addReshaped(output, 'kernel', weight, [...dims, 1, 1])
    const inputs = [pooled, kernel, ...(bias ? [bias] : [])]
    const [image] = rewriter.insert(node, 'Conv', inputs, [[1, dims[0], 1, 1]], { attributes: { kernel_shape: [1, 1] } })
    const shape = rewriter.addInts(output, 'shape', [1, dims[0]])
    rewriter.replace(node, { ...node, opType: 'Reshape', inputs: [image!, shape], attributes: {} })
  }
}
