import type { Node } from '../graph.ts'
import type { Rewriter } from './rewriter.ts'

/** x ↦ min(max(x, low), high) */
interface Bounds {
  low: number
  high: number
}

/** How a node bounds its first input by numbers; undefined where it does anything else. */
function boundsOf(node: Node | undefined, rewriter: Rewriter): Bounds | undefined {
  const number = rewriter.scalar(node?.inputs[1])
  switch (node?.opType) {
    case 'Relu':
      return { low: 0, high: Number.POSITIVE_INFINITY }
    case 'Max':
      return node.inputs.length === 2 && number !== undefined ? { low: number, high: Number.POSITIVE_INFINITY } : undefined
    case 'Min':
      return node.inputs.length === 2 && number !== undefined ? { low: Number.NEGATIVE_INFINITY, high: number } : undefined
    case 'Clip': {
      const high = rewriter.scalar(node.inputs[2])
      return number !== undefined && high !== undefined && number <= high ? { low: number, high } : undefined
    }
    default:
      return undefined
  }
}

function negates(node: Node | undefined, rewriter: Rewriter): node is Node {
  return node?.opType === 'Neg' || (node?.opType === 'Mul' && rewriter.scalar(node.inputs[1]) === -1)
}

/** −bound(−x), which is how the first converters wrote an upper bound. */
function mirrored(node: Node, rewriter: Rewriter): { input: string; bounds: Bounds } | undefined {
  if (!negates(node, rewriter)) return undefined
  const bound = rewriter.soleProducer(node.inputs[0])
  const bounds = boundsOf(bound, rewriter)
  const inner = bounds && rewriter.soleProducer(bound!.inputs[0])
  return negates(inner, rewriter) ? { input: inner.inputs[0]!, bounds: { low: -bounds!.high, high: -bounds!.low } } : undefined
}

/**
 * Bounds by numbers that follow each other (Relu, Max, Min, Clip, and their mirror images between negations) become one Clip, which
 * onnxruntime computes together with the convolution in front of it.
 */
export function mergeBounds(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const mirror = mirrored(node, rewriter)
    const outer = mirror?.bounds ?? boundsOf(node, rewriter)
    if (!outer) continue
    const before = rewriter.soleProducer(mirror?.input ?? node.inputs[0])
    const inner = boundsOf(before, rewriter)
    // Relu takes other types too, for which the bounds made here would be of the wrong one.
    if (!mirror && (!inner || (node.opType === 'Relu' && before!.opType === 'Relu'))) continue
    const through = (x: number) => Math.min(Math.max(x, outer.low), outer.high)
    const { low, high } = inner ? { low: through(inner.low), high: through(inner.high) } : outer
    const [output] = node.outputs as [string]
    const bounds = [rewriter.addConstant(output, 'low', [], low), rewriter.addConstant(output, 'high', [], high)]
    const input = inner ? before!.inputs[0]! : mirror!.input
    rewriter.replace(node, { ...node, opType: 'Clip', inputs: [input, ...bounds], attributes: {} })
  }
}
