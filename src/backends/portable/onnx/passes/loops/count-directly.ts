import { sameDims } from '../../value.ts'
import type { Rewriter } from '../rewriter.ts'
import type { WholeNumbers } from './whole-numbers.ts'

/** Nodes that a counter may pass on its way to an index. */
const direct = new Set(['Add', 'Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze'])

function isDirect(name: string, counter: string, rewriter: Rewriter): boolean {
  if (name === counter) return true
  const node = rewriter.producer(name)
  return node !== undefined && direct.has(node.opType) && isDirect(node.inputs[0]!, counter, rewriter)
}

/**
 * An index that is a loop's counter, or the one behind it, is taken from there. coremltools sees to it that indices are not negative and of types of 16 bits, and
 * lowering that they are not out of bounds, in a dozen nodes at each turn; what a loop counts is none of that.
 */
export function countDirectly(rewriter: Rewriter, numbers: WholeNumbers): void {
  for (const node of rewriter.nodes()) {
    if (node.opType !== 'Gather' && node.opType !== 'ScatterND') continue
    const [data, index, ...rest] = node.inputs as [string, string, ...string[]]
    const number = numbers.of(index)
    const dims = rewriter.dims(index)
    const counter = numbers.loopOf(number)?.counter
    if (!dims || counter === undefined || isDirect(index, counter, rewriter)) continue
    const size = rewriter.dims(counter)!
    let [at] = rewriter.insert(node, 'Cast', [counter], [size], { attributes: { to: 'int64' } }) as [string]
    if (number.offset !== 0) [at] = rewriter.insert(node, 'Add', [at, rewriter.addInts(at, 'offset', [number.offset])], [[1]]) as [string]
    if (!sameDims(rewriter.dims(at), dims))
      [at] = rewriter.insert(node, 'Reshape', [at, rewriter.addInts(at, 'shape', dims)], [dims]) as [string]
    rewriter.replace(node, { ...node, inputs: [data, at, ...rest] })
  }
}
