import type { Graph, Node } from '../../graph.ts'
import { constantNumbers } from '../../value.ts'
import { bodiesOf, bodyOf, type Rewriter } from '../rewriter.ts'
import { same, type WholeNumber, type WholeNumbers } from './whole-numbers.ts'

/** A loop that runs for each number from `start` on that is below `end`, and for nothing else. */
export interface CountedLoop {
  node: Node
  body: Graph
  /** Name of the loop variable that counts, in the body, and its place among the variables. */
  counter: string
  index: number
  start: number
  end: WholeNumber
}

/** Names of all values that a graph computes or is given, in the graphs inside it too. */
export function namesIn(graph: Graph): Set<string> {
  const names = new Set(graph.inputs.map(({ name }) => name))
  for (const node of graph.nodes) {
    for (const output of node.outputs) names.add(output)
    for (const body of bodiesOf(node)) for (const name of namesIn(body)) names.add(name)
  }
  return names
}

/** The comparison that makes a condition. */
function comparison(name: string, rewriter: Rewriter): Node | undefined {
  const node = rewriter.producer(name)
  if (node && ['Identity', 'Reshape', 'Squeeze', 'Cast'].includes(node.opType)) return comparison(node.inputs[0]!, rewriter)
  return node?.opType === 'Less' ? node : undefined
}

/** How a Loop counts: a variable that starts with a known number and grows by one, and a condition that compares it with what stays the same. */
export function countedLoop(node: Node, rewriter: Rewriter, numbers: WholeNumbers): CountedLoop | undefined {
  const body = bodyOf(node)
  const [maximum, first, ...initial] = node.inputs as [string, string, ...string[]]
  const test = comparison(body.outputs[0]!.name, rewriter)
  if (maximum !== '' || !test) return undefined
  const [count, limit] = test.inputs as [string, string]
  const next = numbers.of(count)
  const index = body.inputs.slice(2).findIndex(({ name }) => name === next.base)
  const port = body.inputs[index + 2]
  if (index < 0 || next.offset !== 1 || !same(numbers.of(body.outputs[index + 1]!.name), next)) return undefined
  if (port!.type !== 'int32' && port!.type !== 'int64') return undefined
  const start = numbers.of(initial[index]!)
  const end = numbers.of(limit)
  if (start.base !== '') return undefined
  if (rewriter.isConstant(first)) {
    if (end.base !== '' || (constantNumbers(rewriter.constant(first))![0] === 1) !== start.offset < end.offset) return undefined
  } else {
    const before = comparison(first, rewriter)
    if (!before || !same(numbers.of(before.inputs[0]!), start) || !same(numbers.of(before.inputs[1]!), end)) return undefined
  }
  return { node, body, counter: port!.name, index, start: start.offset, end }
}
