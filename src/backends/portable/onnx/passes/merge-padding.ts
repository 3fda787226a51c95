import type { Node } from '../graph.ts'
import type { Rewriter } from './rewriter.ts'

/** How many zeros a Pad puts before each spatial dimension, then behind each; undefined where it does anything else, or is not one. */
function zerosAround(pad: Node | undefined, rewriter: Rewriter): number[] | undefined {
  if (pad?.opType !== 'Pad' || (pad.attributes.mode ?? 'constant') !== 'constant' || pad.inputs[3]) return undefined
  const fill = pad.inputs[2]
  const ends = rewriter.ints(pad.inputs[1])
  if (!ends || (fill && rewriter.scalar(fill) !== 0)) return undefined
  const rank = ends.length / 2
  const isSpatial = (index: number) => index % rank >= 2
  return ends.every((amount, index) => (isSpatial(index) ? amount >= 0 : amount === 0))
    ? ends.filter((_, index) => isSpatial(index))
    : undefined
}

/** Padding that a node has in all when it does the one in front of it too; undefined where it cannot. */
function paddingOfBoth(node: Node, around: readonly number[]): number[] | undefined {
  const { opType, attributes } = node
  if (opType !== 'Conv' && opType !== 'AveragePool') return undefined
  if ((attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') return undefined
  const own = attributes.pads as number[] | undefined
  const pads = around.map((amount, index) => amount + (own?.[index] ?? 0))
  if (opType === 'Conv') return pads
  // Padding of a pooling has to be narrower than its window, and in ceil mode no window begins in it.
  const kernel = attributes.kernel_shape as number[]
  const isNarrow = pads.every((amount, index) => amount < kernel[index % kernel.length]!)
  return attributes.count_include_pad === 1 && attributes.ceil_mode !== 1 && isNarrow ? pads : undefined
}

/**
 * Zeros around the input of a convolution, or of a pooling that counts them, become its own padding.
 *
 * onnxruntime (1.30) does that by itself too, but also for MaxPool, whose own padding never wins a maximum, and for the other poolings that are left out
 * here, and it loses the padded value where that is an output as well. It leaves a Pad alone that names its axes, which says the same.
 */
export function mergePadding(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const pad = rewriter.producer(node.inputs[0])
    const around = zerosAround(pad, rewriter)
    const pads = around && paddingOfBoth(node, around)
    if (pads)
      rewriter.replace(node, { ...node, inputs: [pad!.inputs[0]!, ...node.inputs.slice(1)], attributes: { ...node.attributes, pads } })
  }
  for (const node of rewriter.nodes()) {
    if (node.opType !== 'Pad' || node.inputs[3]) continue
    const [x, amounts, fill] = node.inputs as [string, string, string?]
    const count = rewriter.dims(amounts)?.[0]
    if (count === undefined) continue
    const axes = rewriter.addInts(node.outputs[0]!, 'axes', [...Array(count / 2).keys()])
    rewriter.replace(node, { ...node, inputs: [x, amounts, fill ?? '', axes] })
  }
}
