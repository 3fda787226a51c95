import type { Rewriter } from './rewriter.ts'

/**
 * onnxruntime (1.30) merges a Pad with zeros into the MaxPool behind it, whose own padding never wins a maximum: where all values of a
 * window are negative, the zeros are lost. It leaves a Pad alone that names its axes, which says the same.
 */
export function keepZerosOfMaxPool(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    if (node.opType !== 'MaxPool') continue
    const pad = rewriter.producer(node.inputs[0])
    if (pad?.opType !== 'Pad' || pad.inputs[3]) continue
    const [x, amounts, fill] = pad.inputs as [string, string, string | undefined]
    const ends = rewriter.ints(amounts)
    if (!ends || (fill && rewriter.scalar(fill) !== 0)) continue
    const axes = rewriter.addInts(pad.outputs[0]!, 'axes', [...Array(ends.length / 2).keys()])
    rewriter.replace(pad, { ...pad, inputs: [x, amounts, fill ?? '', axes] })
  }
}
