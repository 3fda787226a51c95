import { expect } from 'vitest'
import { lowering } from '../../../../../../src/backends/portable/make-evaluator.ts'
import type { GraphBuilder } from '../../../../../../src/backends/portable/onnx/builder.ts'
import type { Graph, Node } from '../../../../../../src/backends/portable/onnx/graph.ts'
import { optimize } from '../../../../../../src/backends/portable/onnx/passes/index.ts'
import { bodiesOf } from '../../../../../../src/backends/portable/onnx/passes/rewriter.ts'
import type { Dim, Value } from '../../../../../../src/backends/portable/onnx/value.ts'
import { largestDims } from '../../../../../../src/backends/portable/onnx-features.ts'
import { openModel } from '../../../../../../src/format/index.ts'
import { describeModel } from '../../../../../../src/model/describe.ts'
import type { Tensor } from '../../../../../../src/model/tensor.ts'
import { numbers } from '../../../../../models/sample.ts'
import { expectNumbers, modelPath } from '../../../mil/corpus.ts'
import { builder, run } from '../../run-graph.ts'

type Turn = (inner: GraphBuilder, counter: Value, variables: Value[]) => Value[]

/** How a {@link loop} differs from the plain one. */
interface Differences {
  start?: number
  step?: number
  /** Whether it begins without a test. */
  begins?: boolean
  /** One more condition to go on. */
  goesOn?: (inner: GraphBuilder, variables: Value[]) => Value
}

/** A loop as coremltools writes it, while a counter, an int32 vector of one, is below `limit`. Gives what becomes of the variables. */
export function loop(
  b: GraphBuilder,
  limit: Value,
  variables: Value[],
  turn: Turn,
  { start = 0, step = 1, goesOn, begins = false }: Differences = {},
): Value[] {
  const one = (number: number) => b.constant('int32', [1], [number])
  const first = one(start)
  const test = (inner: GraphBuilder, counter: Value, current: Value[]) => {
    const below = inner.reshape(inner.op('Less', [counter, limit]), [])
    return goesOn ? inner.op('And', [below, goesOn(inner, current)]) : below
  }
  const types = [first, ...variables].map(({ type, dims }) => ({ type, dims }))
  const ports = [{ type: 'int64' as const, dims: [] }, { type: 'bool' as const, dims: [] }, ...types]
  const { graph } = b.subgraph(ports, (inner, [, , counter, ...current]) => {
    const results = turn(inner, counter!, current)
    const next = inner.op('Add', [counter!, one(step)])
    return [test(inner, next, results), next, ...results]
  })
  return b
    .ops('Loop', [null, begins ? b.scalar(1, 'bool') : test(b, first, variables), first, ...variables], { body: graph }, { types })
    .slice(1)
}

/** A row of a value. */
export function row(inner: GraphBuilder, value: Value, index: Value): Value {
  return inner.op('Gather', [value, inner.cast(index, 'int64')], { axis: 0 })
}

/** A value with another row at an index. */
export function withRow(inner: GraphBuilder, value: Value, index: Value, update: Value, reduction = 'none'): Value {
  return inner.op('ScatterND', [value, inner.unsqueeze(inner.cast(index, 'int64'), [1]), update], { reduction })
}

/** `index` + `by` */
export function plus(inner: GraphBuilder, index: Value, by: number): Value {
  return inner.op('Add', [index, inner.constant('int32', [1], [by])])
}

/** The nodes of a graph and of those inside it. */
export function nodesOf({ nodes }: Graph): Node[] {
  return nodes.flatMap((node) => [node, ...bodiesOf(node).flatMap(nodesOf)])
}

/** Inputs of a graph, with the dimensions that it knows of them. */
type Feeds = Record<string, { dims: readonly number[]; declared?: readonly Dim[]; type?: Tensor['type']; data?: Tensor['data'] }>

/** The results of a graph of inputs of random numbers, or of those given, and its nodes, after it was seen to compute the same before it was optimised. */
export async function optimized(
  inputs: Feeds,
  build: (b: GraphBuilder, inputs: Record<string, Value>) => Value[],
): Promise<{ results: number[][]; count: (opType: string) => number; outer: string[] }> {
  const graphs = [0, 1].map(() => {
    const b = builder()
    const values = Object.entries(inputs).map(([name, { dims, declared = dims, type = 'float32' }]) => [
      name,
      b.input(name, type, declared),
    ])
    build(b, Object.fromEntries(values)).forEach((value, index) => {
      b.output(value, `y${index}`)
    })
    return b.finish('test')
  }) as [Graph, Graph]
  optimize(graphs[1])
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { dims, type = 'float32', data }]): [string, Tensor] => [
      name,
      { type, dims, data: data ?? Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.random() - 0.5) },
    ]),
  )
  const [plain, changed] = [await run(graphs[0], structuredClone(feeds)), await run(graphs[1], structuredClone(feeds))]
  for (const [name, tensor] of Object.entries(plain)) {
    expect(changed[name]!.dims).toEqual(tensor.dims)
    expectNumbers(numbers(changed[name]!), numbers(tensor), 1e-5, name)
  }
  const nodes = nodesOf(graphs[1])
  return {
    results: Object.values(changed).map(numbers),
    count: (opType) => nodes.filter((node) => node.opType === opType).length,
    outer: graphs[1].nodes.map(({ opType }) => opType),
  }
}

/** The graph of a golden model as it is loaded. */
export async function optimizedFixture(name: string): Promise<Graph> {
  const file = await openModel(modelPath(name))
  try {
    const lower = (await lowering(file.spec, { options: { computeUnits: 'cpuOnly' }, label: 'model', file }))!
    const { graph } = lower()
    optimize(graph, new Map(describeModel(file).inputs.map((feature) => [feature.name, largestDims(feature)])))
    return graph
  } finally {
    await file.close()
  }
}
