import { elementCount } from '../../../../model/tensor.ts'
import type { Rewriter } from './rewriter.ts'

/**
 * Rows of a table that is stored in half precision, such as the embeddings of tokens, are converted when they have been picked. onnxruntime would convert
 * all of the table at load, and hold it in twice the memory in place of mapping the file.
 */
export function castPicked(rewriter: Rewriter): void {
  for (const node of rewriter.nodes()) {
    const cast = node.opType === 'Gather' ? rewriter.producer(node.inputs[0]) : undefined
    const [stored] = cast?.opType === 'Cast' ? (cast.inputs as [string]) : []
    const table = rewriter.constant(stored)
    const [output] = node.outputs as [string]
    const picked = rewriter.dims(output)
    if (table?.type !== 'float16' || (picked && elementCount(picked) > elementCount(table.dims as number[]))) continue
    const rows = rewriter.insert(node, 'Gather', [stored!, ...node.inputs.slice(1)], [rewriter.shape(output)!], {
      attributes: node.attributes,
    })
    rewriter.replace(node, { ...node, opType: 'Cast', inputs: rows, attributes: cast!.attributes })
  }
}
