import type { Node } from '../graph.ts'
import { floatBelow } from '../thresholded.ts'
import type { Rewriter } from './rewriter.ts'

/** x, where `node` is w · hardSigmoid(w) with w = x from -3 on and 0 below. */
function hardSwishOf(node: Node, rewriter: Rewriter): string | undefined {
  if (node.opType !== 'Mul' || node.inputs.length !== 2) return undefined
  for (const [w, other] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
    const gate = rewriter.soleProducer(other)
    if (gate?.opType !== 'HardSigmoid' || gate.inputs[0] !== w) continue
    // ONNX's HardSwish has these numbers as float32. Rounded to half precision they are others.
    if (Math.fround(gate.attributes.alpha as number) !== Math.fround(1 / 6) || gate.attributes.beta !== 0.5) continue
    // Read by the gate and by this node.
    const threshold = rewriter.soleProducer(w, 2)
    if (threshold?.opType === 'ThresholdedRelu' && threshold.attributes.alpha === floatBelow(-3)) return threshold.inputs[0]
  }
  return undefined
}

/**
 * Hard swish, which coremltools writes as the product of a thresholded value and its hard sigmoid, becomes HardSwish: onnxruntime computes it together with
 * the convolution in front. Only -∞ parts them, whose hard swish is NaN, as it is in PyTorch.
 */
export function fuseHardSwish(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const x = hardSwishOf(node, rewriter)
    if (x !== undefined) rewriter.replace(node, { ...node, opType: 'HardSwish', inputs: [x] })
  }
}
