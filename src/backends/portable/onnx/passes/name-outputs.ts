import type { Graph, Node } from '../graph.ts'
import { bodiesOf } from './rewriter.ts'

/** What is computed where an Identity gives it the name of an output: the names that it gets. Those Identity nodes go. */
function takeNames(graph: Graph, names: Map<string, string>): void {
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const computed = new Set(graph.nodes.flatMap((node) => node.outputs))
  graph.nodes = graph.nodes.filter(({ opType, inputs, outputs: [output] }) => {
    const [value] = inputs as [string]
    const isRenamed = opType === 'Identity' && outputs.has(output!) && computed.has(value) && !outputs.has(value) && !names.has(value)
    if (isRenamed) names.set(value, output!)
    return !isRenamed
  })
  for (const body of graph.nodes.flatMap(bodiesOf)) takeNames(body, names)
}

function rename(graph: Graph, names: ReadonlyMap<string, string>): void {
  const newName = (name: string) => names.get(name) ?? name
  graph.nodes = graph.nodes.map((node): Node => ({ ...node, inputs: node.inputs.map(newName), outputs: node.outputs.map(newName) }))
  for (const body of graph.nodes.flatMap(bodiesOf)) rename(body, names)
}

/**
 * What computes an output has its name, and no Identity gives it. onnxruntime (1.30) renames the value that such an Identity reads, when that is its only reader
 * left, and where it has put a node in the place of another one before (a division in that of a product with 1 / x, say), it misses what that node reads.
 */
export function nameOutputs(graph: Graph): void {
  const names = new Map<string, string>()
  takeNames(graph, names)
  rename(graph, names)
  for (const [value, output] of names) graph.shapes.set(output, graph.shapes.get(value)!)
}
