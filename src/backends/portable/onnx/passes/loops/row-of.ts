import type { Node } from '../../graph.ts'
import type { Rewriter } from '../rewriter.ts'
import type { CountedLoop } from './counted-loop.ts'
import { same, type WholeNumbers } from './whole-numbers.ts'

/** The value that a node only gives another name, or the same elements in another shape. */
export function origin(name: string, rewriter: Rewriter): string {
  const node = rewriter.producer(name)
  return node && ['Identity', 'Reshape', 'Squeeze', 'Unsqueeze'].includes(node.opType) ? origin(node.inputs[0]!, rewriter) : name
}

/** The Gather of which a value is the row that the loop is at, where it goes through all rows of what is there before it. */
export function rowOf(
  name: string,
  loop: CountedLoop,
  inside: ReadonlySet<string>,
  rewriter: Rewriter,
  numbers: WholeNumbers,
): Node | undefined {
  const gather = rewriter.producer(origin(name, rewriter))
  if (gather?.opType !== 'Gather' || (gather.attributes.axis ?? 0) !== 0) return undefined
  const [sequence, place] = gather.inputs as [string, string]
  if (inside.has(sequence) || !same(numbers.of(place), { base: loop.counter, offset: 0 })) return undefined
  return loop.start === 0 && same(loop.end, numbers.size(sequence, 0)) ? gather : undefined
}
