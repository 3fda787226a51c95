import { elementCount } from '../../../../model/tensor.ts'
import type { Graph, Node } from '../graph.ts'
import { Constant, constantNumbers, type Dim, isStatic, type Value } from '../value.ts'

/**
 * A finished graph as passes see it, with the graphs inside it: what computes a value, who reads it. Passes replace nodes; what nobody reads any
 * more goes last. Names are unique across all graphs, and all constants are the outermost graph's.
 */
export class Rewriter {
  readonly #graph: Graph
  /** All graphs, outer ones first. */
  readonly #graphs: Graph[]
  readonly #producers = new Map<string, Node>()
  /** The graph that a node is in. */
  readonly #homes = new Map<Node, Graph>()
  readonly #constants: Map<string, Value>
  readonly #reads: Map<string, number>

  constructor(graph: Graph) {
    this.#graph = graph
    this.#graphs = [...graphsIn(graph)]
    for (const inner of this.#graphs) {
      for (const node of inner.nodes) this.#add(node, inner)
    }
    this.#constants = new Map(graph.initializers.map((value) => [value.name, value]))
    this.#reads = countReads(graph)
  }

  /** The nodes of all graphs, each graph's in the order in which they run. The one that is looked at may be replaced, and others inserted before it. */
  nodes(): Node[] {
    return this.#graphs.flatMap(({ nodes }) => nodes)
  }

  /** The node that computes `name`; undefined for inputs and constants. */
  producer(name: string | undefined): Node | undefined {
    return name === undefined ? undefined : this.#producers.get(name)
  }

  /** The node that computes `name`, where `name` is read `reads` times: then no other node misses what a rewriting takes away. */
  soleProducer(name: string | undefined, reads = 1): Node | undefined {
    return name !== undefined && this.#reads.get(name) === reads ? this.#producers.get(name) : undefined
  }

  constant(name: string | undefined): Value | undefined {
    return name === undefined ? undefined : this.#constants.get(name)
  }

  isConstant(name: string): boolean {
    return this.#constants.has(name)
  }

  /** How often a value is read. */
  reads(name: string): number {
    return this.#reads.get(name) ?? 0
  }

  inSameGraph(node: Node, other: Node): boolean {
    return this.#homes.get(node) === this.#homes.get(other)
  }

  /** The dimensions of a value, as far as they are known. */
  shape(name: string | undefined): readonly Dim[] | undefined {
    return name === undefined ? undefined : (this.#constants.get(name)?.dims ?? this.#graph.shapes.get(name))
  }

  /** The dimensions of a value, where all of them are known. */
  dims(name: string | undefined): readonly number[] | undefined {
    const dims = this.shape(name)
    return dims && isStatic(dims) ? dims : undefined
  }

  /** The number that a float32 constant of rank 0 holds. */
  scalar(name: string | undefined): number | undefined {
    const value = name === undefined ? undefined : this.#constants.get(name)
    return value?.type === 'float32' && value.dims.length === 0 ? constantNumbers(value)![0] : undefined
  }

  /** The numbers that an int64 or int32 constant holds. */
  ints(name: string | undefined): number[] | undefined {
    const value = this.constant(name)
    return value?.type === 'int64' || value?.type === 'int32' ? constantNumbers(value) : undefined
  }

  /** A new float32 constant whose elements are all `number`, for the node that computes `output`. */
  addConstant(output: string, hint: string, dims: readonly number[], number: number): string {
    return this.#addConstant(output, hint, dims, new Constant('float32', new Float32Array(elementCount(dims)).fill(number)))
  }

  /** A new int64 constant of rank 1, for the node that computes `output`. */
  addInts(output: string, hint: string, numbers: readonly number[]): string {
    return this.#addConstant(output, hint, [numbers.length], new Constant('int64', BigInt64Array.from(numbers, BigInt)))
  }

  /** A new int64 constant of rank 0, for the node that computes `output`. */
  addInt(output: string, hint: string, number: number): string {
    return this.#addConstant(output, hint, [], new Constant('int64', BigInt64Array.of(BigInt(number))))
  }

  /** A constant's elements in another shape, for the node that computes `output`. */
  addReshaped(output: string, hint: string, { constant }: Value, dims: readonly number[]): string {
    return this.#addConstant(output, hint, dims, constant!)
  }

  #addConstant(output: string, hint: string, dims: readonly number[], constant: Constant): string {
    const name = this.uniqueName(`${output}/${hint}`)
    const value: Value = { name, type: constant.type, dims, constant }
    this.#constants.set(name, value)
    this.#graph.initializers.push(value)
    return name
  }

  /** A name that no value has yet. It is taken once a node computes it. */
  uniqueName(hint: string): string {
    let name = hint
    while (this.#constants.has(name) || this.#producers.has(name) || this.#graph.shapes.has(name)) name += '_'
    return name
  }

  /**
   * A new node that runs before `node`.
   * @param outputs the dimensions of each of its outputs
   * @returns the names of the outputs
   */
  insert(node: Node, opType: string, inputs: string[], outputs: readonly (readonly Dim[])[], rest: Partial<Node> = {}): string[] {
    const names = outputs.map((dims) => {
      const name = this.uniqueName(`${node.outputs[0]}/${opType}`)
      this.#graph.shapes.set(name, dims)
      return name
    })
    const home = this.#homes.get(node)!
    const added: Node = { opType, domain: '', name: names[0]!, attributes: {}, ...rest, inputs, outputs: names }
    home.nodes.splice(home.nodes.indexOf(node), 0, added)
    this.#count(added, 1)
    this.#add(added, home)
    return names
  }

  /** Makes a node read and compute something else, with further nodes that run right behind it. */
  extend(node: Node, by: Node, behind: readonly Node[]): void {
    this.replace(node, by)
    const home = this.#homes.get(by)!
    home.nodes.splice(home.nodes.indexOf(by) + 1, 0, ...behind)
    for (const added of behind) {
      this.#count(added, 1)
      this.#add(added, home)
    }
  }

  /**
   * Puts `by` in the place of `node`, whose outputs it computes, and those of `others`, which go: nothing that runs between `node` and them reads these.
   */
  replace(node: Node, by: Node, others: readonly Node[] = []): void {
    const home = this.#homes.get(node)!
    home.nodes[home.nodes.indexOf(node)] = by
    for (const other of others) home.nodes.splice(home.nodes.indexOf(other), 1)
    for (const gone of [node, ...others]) {
      this.#homes.delete(gone)
      this.#count(gone, -1)
    }
    this.#count(by, 1)
    this.#add(by, home)
  }

  #count(node: Node, change: 1 | -1): void {
    for (const name of readsOf(node)) this.#reads.set(name, (this.#reads.get(name) ?? 0) + change)
  }

  #add(node: Node, home: Graph): void {
    this.#homes.set(node, home)
    for (const output of node.outputs) this.#producers.set(output, node)
  }
}

/** How often each value is read: by nodes, by those of inner graphs, and as output. */
export function countReads(graph: Graph): Map<string, number> {
  const reads = new Map<string, number>()
  const count = (name: string) => reads.set(name, (reads.get(name) ?? 0) + 1)
  for (const node of graph.nodes) readsOf(node).forEach(count)
  for (const { name } of graph.outputs) count(name)
  return reads
}

/** What a node reads, and the graphs inside it. */
export function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((name) => name !== '')
  for (const body of bodiesOf(node)) {
    for (const inner of body.nodes) reads.push(...readsOf(inner))
    for (const { name } of body.outputs) reads.push(name)
  }
  return reads
}

/** Ops whose attributes hold graphs. */
const withBodies = new Set(['If', 'Loop', 'Scan'])

/** The graphs that a node holds: branches of If, bodies of Loop and Scan. */
export function bodiesOf({ opType, attributes }: Node): readonly Graph[] {
  if (!withBodies.has(opType)) return []
  return Object.values(attributes).filter((value): value is Graph => typeof value === 'object' && 'nodes' in value)
}

/** The graph that a Loop or Scan runs. */
export function bodyOf(node: Node): Graph {
  return node.attributes.body as Graph
}

/** A graph and all graphs inside it, outer ones first. */
function* graphsIn(graph: Graph): Generator<Graph> {
  yield graph
  for (const node of graph.nodes) {
    for (const body of bodiesOf(node)) yield* graphsIn(body)
  }
}
