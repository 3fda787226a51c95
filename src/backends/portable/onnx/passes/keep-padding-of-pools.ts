import type { Node } from '../graph.ts'
import type { Rewriter } from './rewriter.ts'

/**
 * onnxruntime (1.30) merges a Pad with zeros into the own padding of the pooling behind it. That of a MaxPool never wins a maximum: where all values of a
 * window are negative, the zeros are lost. That of an AveragePool has to be narrower than the window: a wider one is refused. onnxruntime leaves a Pad
 * alone that names its axes, which says the same.
 */
export function keepPaddingOfPools(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    if (node.opType !== 'MaxPool' && node.opType !== 'AveragePool') continue
    const pad = rewriter.producer(node.inputs[0])
    if (pad?.opType !== 'Pad' || pad.inputs[3]) continue
    const [x, amounts, fill] = pad.inputs as [string, string, string | undefined]
    const ends = rewriter.ints(amounts)
    if (!ends || (fill && rewriter.scalar(fill) !== 0)) continue
    if (node.opType === 'AveragePool' && isNarrow(ends, node)) continue
    const axes = rewriter.addInts(pad.outputs[0]!, 'axes', [...Array(ends.length / 2).keys()])
    rewriter.replace(pad, { ...pad, inputs: [x, amounts, fill ?? '', axes] })
  }
}

/** True where the padding of each spatial dimension is less than the pooling's window, together with its own. */
function isNarrow(ends: readonly number[], { attributes }: Node): boolean {
  const kernel = attributes.kernel_shape as number[]
  const own = (attributes.pads as number[] | undefined) ?? Array<number>(2 * kernel.length).fill(0)
  const [before, after] = [ends.slice(2, 2 + kernel.length), ends.slice(4 + kernel.length)]
  return [...before, ...after].every((amount, index) => amount + own[index]! < kernel[index % kernel.length]!)
}
