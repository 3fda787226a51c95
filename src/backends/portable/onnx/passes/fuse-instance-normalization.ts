import type { Node } from '../graph.ts'
import type { Rewriter } from './rewriter.ts'

/** Mean over every axis from the third on, which are kept: its input. */
function meanOfInstances(node: Node | undefined, rank: number, rewriter: Rewriter): string | undefined {
  if (node?.opType !== 'ReduceMean' || node.attributes.keepdims !== 1) return undefined
  const axes = rewriter.ints(node.inputs[1])
  return axes?.length === rank - 2 && axes.every((axis, index) => axis === index + 2) ? node.inputs[0] : undefined
}

/** x, its number of channels and epsilon, where `node` computes (x − mean) / √(variance + epsilon) of each instance and channel of x. */
function normalized(node: Node, rewriter: Rewriter): { x: string; channels: number; epsilon: number } | undefined {
  if (node.opType !== 'Div') return undefined
  const root = rewriter.soleProducer(node.inputs[1])
  const sum = root?.opType === 'Sqrt' ? rewriter.soleProducer(root.inputs[0]) : undefined
  const epsilon = sum?.opType === 'Add' ? rewriter.scalar(sum.inputs[1]) : undefined
  if (epsilon === undefined || epsilon < 0) return undefined
  // Read by its square, twice, and by the division.
  const centred = rewriter.soleProducer(node.inputs[0], 3)
  const x = centred?.opType === 'Sub' ? centred.inputs[0] : undefined
  const reshape = rewriter.producer(x)
  const shape = reshape?.opType === 'Reshape' ? rewriter.ints(reshape.inputs[1]) : undefined
  if (!shape || shape.length < 3 || shape[1]! < 1) return undefined
  const square = rewriter.soleProducer(meanOfInstances(rewriter.soleProducer(sum!.inputs[0]), shape.length, rewriter))
  const squares = square?.opType === 'Mul' && square.inputs.every((name) => name === node.inputs[0])
  if (!squares || meanOfInstances(rewriter.soleProducer(centred!.inputs[1]), shape.length, rewriter) !== x) return undefined
  return { x: x!, channels: shape[1]!, epsilon }
}

/**
 * Group normalization, which converters write as reshaping to [N, groups, …] and arithmetic around two means, becomes InstanceNormalization
 * of the reshaped value: one pass over memory in place of seven.
 */
export function fuseInstanceNormalization(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const found = normalized(node, rewriter)
    if (!found) continue
    const { x, channels, epsilon } = found
    const [output] = node.outputs as [string]
    const inputs = [x, rewriter.addConstant(output, 'scale', [channels], 1), rewriter.addConstant(output, 'bias', [channels], 0)]
    rewriter.replace(node, { ...node, opType: 'InstanceNormalization', inputs, attributes: { epsilon } })
  }
}
