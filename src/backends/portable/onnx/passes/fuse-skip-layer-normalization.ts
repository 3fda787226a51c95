import type { Node } from '../graph.ts'
import { sameDims } from '../value.ts'
import type { Rewriter } from './rewriter.ts'

/** The ranks that onnxruntime's SkipLayerNormalization takes. */
const ranks = [2, 3]

/** The sum of two values of one shape that `node` normalizes along the last axis, where it is read elsewhere too. */
function normalizedSum(node: Node, rewriter: Rewriter): Node | undefined {
  if (node.opType !== 'LayerNormalization' || node.outputs.length > 1) return undefined
  const [x, ...factors] = node.inputs as [string, ...string[]]
  const sum = rewriter.producer(x)
  const dims = rewriter.dims(x)
  if (sum?.opType !== 'Add' || !dims || !ranks.includes(dims.length) || rewriter.soleProducer(x) || !rewriter.inSameGraph(sum, node))
    return undefined
  const { axis = -1 } = node.attributes
  if (axis !== -1 && axis !== dims.length - 1) return undefined
  const fit =
    sum.inputs.every((name) => sameDims(rewriter.dims(name), dims)) &&
    factors.every((name) => rewriter.isConstant(name) && sameDims(rewriter.dims(name), dims.slice(-1)))
  return fit ? sum : undefined
}

/**
 * A sum that is normalized and read elsewhere too, as a residual connection is, becomes SkipLayerNormalization, which gives both in one pass over memory.
 * Where nothing else reads the sum, onnxruntime does so by itself.
 */
export function fuseSkipLayerNormalization(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const sum = normalizedSum(node, rewriter)
    if (!sum) continue
    const { epsilon = 1e-5 } = node.attributes
    const both: Node = {
      ...node,
      opType: 'SkipLayerNormalization',
      domain: 'com.microsoft',
      inputs: [...sum.inputs, ...node.inputs.slice(1)],
      outputs: [node.outputs[0]!, '', '', sum.outputs[0]!],
      attributes: { epsilon },
    }
    rewriter.replace(sum, both, [node])
  }
}
