import type { Node } from '../graph.ts'
import { sameDims } from '../value.ts'
import { cutsOf } from './cuts.ts'
import type { Rewriter } from './rewriter.ts'

/** The Reshapes that read each output of a Split, for Splits that nothing else reads. */
function reshapedSplits(rewriter: Rewriter): Map<Node, Node[][]> {
  const found = new Map<Node, Node[][]>()
  for (const node of rewriter.nodes()) {
    const split = node.opType === 'Reshape' ? rewriter.producer(node.inputs[0]) : undefined
    if (split?.opType !== 'Split' || !rewriter.inSameGraph(split, node)) continue
    const readers = found.get(split) ?? split.outputs.map(() => [])
    readers[split.outputs.indexOf(node.inputs[0]!)]!.push(node)
    found.set(split, readers)
  }
  for (const [split, readers] of found) {
    if (!split.outputs.every((name, index) => rewriter.soleProducer(name, readers[index]!.length))) found.delete(split)
  }
  return found
}

/** The axis along which parts of these dimensions follow each other in memory. */
function outermost(dims: readonly number[]): number {
  return Math.max(
    dims.findIndex((dim) => dim !== 1),
    0,
  )
}

/** True where a Split cuts equal parts that follow each other in memory. */
function cutsAlike(split: Node, rewriter: Rewriter): boolean {
  const dims = rewriter.dims(split.inputs[0])
  const cuts = dims && cutsOf(split, dims, rewriter)
  const axis = dims && ((split.attributes.axis as number) + dims.length) % dims.length
  if (!cuts || axis !== outermost(dims)) return false
  const sizes = cuts.map((cut) => cut[axis]![1] - cut[axis]![0])
  return sizes.every((size) => size === sizes[0] && size > 0)
}

/**
 * Equal parts that are all given the same other shape are cut out of a value that has it already, where the parts follow each other in memory: queries, keys
 * and values of one row, which are computed at once and taken apart into heads.
 */
export function reshapeBeforeSplit(rewriter: Rewriter): void {
  for (const [split, readers] of reshapedSplits(rewriter)) {
    const dimsOf = (node: Node) => rewriter.dims(node.outputs[0])
    const part = readers[0]!.map(dimsOf).find((dims) => readers.every((nodes) => nodes.some((node) => sameDims(dims, dimsOf(node)))))
    // The size of a dimension of no elements is no number of parts.
    if (!part?.length || part.includes(0) || !cutsAlike(split, rewriter)) continue
    const reshapes = readers.map((nodes) => nodes.find((node) => sameDims(part, dimsOf(node)))!)
    const outputs = reshapes.map((node) => node.outputs[0]!)
    for (const [index, nodes] of readers.entries()) {
      for (const node of nodes) {
        if (node !== reshapes[index]) rewriter.replace(node, { ...node, inputs: [outputs[index]!, node.inputs[1]!] })
      }
    }
    const axis = outermost(part)
    const dims = part.with(axis, part[axis]! * outputs.length)
    const reshaped = rewriter.insert(split, 'Reshape', [split.inputs[0]!, rewriter.addInts(outputs[0]!, 'whole', dims)], [dims])
    const sizes = rewriter.addInts(
      outputs[0]!,
      'sizes',
      outputs.map(() => part[axis]!),
    )
    rewriter.replace(split, { ...split, inputs: [...reshaped, sizes], outputs, attributes: { axis } }, reshapes)
  }
}
