import type { Node } from '../graph.ts'
import { sliceBound } from '../slice-bound.ts'
import type { Rewriter } from './rewriter.ts'

/** From `begin` up to `end` along one axis. */
export type Range = readonly [begin: number, end: number]

/** What a Slice or Split cuts out of its first input, along every axis, for each output; undefined where a node does anything else, or bounds are not known. */
export function cutsOf(node: Node, dims: readonly number[], rewriter: Rewriter): Range[][] | undefined {
  const whole = dims.map((size): Range => [0, size])
  if (node.opType === 'Split') {
    const axis = node.attributes.axis as number
    let begin = 0
    return rewriter.ints(node.inputs[1])?.map((size) => {
      const end = begin + size
      const cut = whole.with(axis, [begin, end])
      begin = end
      return cut
    })
  }
  if (node.opType !== 'Slice') return undefined
  const [starts, ends, steps] = [1, 2, 4].map((at) => rewriter.ints(node.inputs[at])) as [number[]?, number[]?, number[]?]
  const axes = node.inputs[3] ? rewriter.ints(node.inputs[3]) : [...dims.keys()]
  if (!starts || !ends || !axes || (node.inputs[4] && !steps) || steps?.some((step) => step !== 1)) return undefined
  for (const [index, axis] of axes.entries()) {
    const at = axis < 0 ? axis + dims.length : axis
    whole[at] = [sliceBound(starts[index]!, dims[at]!), sliceBound(ends[index]!, dims[at]!)]
  }
  return [whole]
}
