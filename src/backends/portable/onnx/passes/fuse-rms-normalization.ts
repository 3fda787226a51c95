import type { Node } from '../graph.ts'
import { sameDims } from '../value.ts'
import type { Rewriter } from './rewriter.ts'

/** What `node` squares. */
function squared(node: Node | undefined, rewriter: Rewriter): string | undefined {
  const [x, other] = node?.inputs ?? []
  const isSquare = (node?.opType === 'Pow' && rewriter.scalar(other) === 2) || (node?.opType === 'Mul' && x === other)
  return isSquare ? x : undefined
}

/** x and epsilon, where `name` is √(mean of x² over the last axis + epsilon), which nobody else reads. */
function rootMeanSquare(name: string | undefined, rewriter: Rewriter): { x: string; epsilon: number } | undefined {
  const root = rewriter.soleProducer(name)
  let epsilon = 0
  let mean = root?.opType === 'Sqrt' ? rewriter.soleProducer(root.inputs[0]) : undefined
  while (mean?.opType === 'Add') {
    const more = rewriter.scalar(mean.inputs[1])
    if (more === undefined) return undefined
    epsilon += more
    mean = rewriter.soleProducer(mean.inputs[0])
  }
  if (mean?.opType !== 'ReduceMean' || mean.attributes.keepdims !== 1 || !(epsilon > 0)) return undefined
  const x = squared(rewriter.soleProducer(mean.inputs[0]), rewriter)
  const rank = rewriter.shape(x)?.length
  const axes = rewriter.ints(mean.inputs[1])
  const isLast = axes?.length === 1 && (axes[0] === -1 || axes[0] === rank! - 1)
  return x !== undefined && rank !== undefined && isLast ? { x, epsilon } : undefined
}

/** x and epsilon, where `node` divides x by its root mean square. */
function normalized({ opType, inputs }: Node, rewriter: Rewriter): { x: string; epsilon: number } | undefined {
  const divisor = (name: string | undefined) => {
    const inverse = rewriter.soleProducer(name)
    return inverse?.opType === 'Reciprocal' ? inverse.inputs[0] : undefined
  }
  const pairs =
    opType === 'Div' ? [inputs] : opType === 'Mul' ? [inputs, inputs.toReversed()].map(([x, factor]) => [x, divisor(factor)]) : []
  for (const [x, root] of pairs) {
    const found = rootMeanSquare(root, rewriter)
    if (found && found.x === x) return found
  }
  return undefined
}

/**
 * RMS normalization over the last axis, which converters write as arithmetic, becomes one node, with the factors of the elements that follow it: one
 * pass over memory in place of four. onnxruntime does so itself only where a division by the root is written.
 */
export function fuseRmsNormalization(rewriter: Rewriter): void {
  const ones = new Set<string>()
  for (const node of rewriter.nodes()) {
    const [output] = node.outputs as [string]
    const found = normalized(node, rewriter)
    const size = found && rewriter.shape(found.x)?.at(-1)
    if (size) {
      const scale = rewriter.addConstant(output, 'scale', [size], 1)
      ones.add(scale)
      const attributes = { axis: -1, epsilon: found.epsilon }
      rewriter.replace(node, { ...node, opType: 'SimplifiedLayerNormalization', inputs: [found.x, scale], attributes })
    } else if (node.opType === 'Mul') {
      for (const [product, factors] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
        const normalization = rewriter.soleProducer(product)
        const [x, scale] = normalization?.inputs ?? []
        const isAlongLast = sameDims(rewriter.dims(factors), rewriter.dims(scale))
        if (normalization?.opType !== 'SimplifiedLayerNormalization' || !ones.has(scale!) || !isAlongLast) continue
        rewriter.replace(node, { ...normalization, name: node.name, inputs: [x!, factors], outputs: node.outputs })
        break
      }
    }
  }
}
