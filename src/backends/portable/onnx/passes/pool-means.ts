import type { Node } from '../graph.ts'
import type { Rewriter } from './rewriter.ts'

/** What a network does to the image between a convolution and the mean. onnxruntime computes all but QuickGelu in the convolution's blocked layout. */
const between = new Set(['Add', 'Clip', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Mul', 'QuickGelu', 'Relu', 'Sigmoid', 'Tanh'])

function followsConvolution(node: Node | undefined, rewriter: Rewriter): boolean {
  if (node?.opType === 'Conv') return true
  return node !== undefined && between.has(node.opType) && followsConvolution(rewriter.producer(node.inputs[0]), rewriter)
}

/**
 * The mean over all of an image behind a convolution is GlobalAveragePool, which onnxruntime computes in the layout of the convolution: for ReduceMean it
 * would bring the whole image to the usual one first, and the means back for the convolutions of a squeeze-and-excitation behind.
 */
export function poolMeans(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    if (node.opType !== 'ReduceMean') continue
    const [x, over] = node.inputs as [string, string?]
    const dims = rewriter.dims(x)
    if (dims?.length !== 4 || dims.includes(0)) continue
    const axes = rewriter.ints(over)?.map((axis) => (axis < 0 ? axis + 4 : axis))
    const overImage = axes?.length === 2 && axes.includes(2) && axes.includes(3)
    if (!overImage || !followsConvolution(rewriter.producer(x), rewriter)) continue
    const pool = { ...node, opType: 'GlobalAveragePool', inputs: [x], attributes: {} }
    if (node.attributes.keepdims !== 0) {
      rewriter.replace(node, pool)
    } else {
      const pooled = rewriter.insert(node, pool.opType, pool.inputs, [[dims[0]!, dims[1]!, 1, 1]])
      rewriter.replace(node, { ...node, opType: 'Squeeze', inputs: [...pooled, over!], attributes: {} })
    }
  }
}
