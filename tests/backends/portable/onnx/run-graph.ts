import { GraphBuilder } from '../../../../src/backends/portable/onnx/builder.ts'
import { encodeModel } from '../../../../src/backends/portable/onnx/encode.ts'
import type { Graph, InputPart } from '../../../../src/backends/portable/onnx/graph.ts'
import type { Value } from '../../../../src/backends/portable/onnx/value.ts'
import { runtimeClient } from '../../../../src/backends/portable/runtime/client.ts'
import type { Tensor } from '../../../../src/model/tensor.ts'

/** A builder whose graph holds no constants in files. */
export function builder(): GraphBuilder {
  return new GraphBuilder(() => {
    throw new Error('no files here')
  })
}

/** Every output of a finished graph, as onnxruntime computes them from what is fed. */
export async function run(graph: Graph, feeds: Record<string, Tensor>, parts: readonly InputPart[] = []): Promise<Record<string, Tensor>> {
  const client = runtimeClient()
  const inputs = Object.entries(feeds).map(([name, { type }]) => ({ name, type }))
  const ports = { inputs, parts, outputs: graph.outputs.map(({ name }) => name), states: [] }
  const { session } = await client.ask({ kind: 'createSession', ...encodeModel(graph), ports })
  try {
    const { outputs } = await client.ask({ kind: 'run', session, feeds: Object.values(feeds).map(({ data, dims }) => ({ data, dims })) })
    return Object.fromEntries(graph.outputs.map(({ name, type }, index) => [name, { type, ...outputs[index]! }]))
  } finally {
    await client.ask({ kind: 'releaseSession', session })
  }
}

/** Runs what `b` has built in onnxruntime and gives the results in the order of `outputs`. */
export async function runGraph(b: GraphBuilder, outputs: readonly Value[], feeds: Record<string, Tensor> = {}): Promise<Tensor[]> {
  for (const [index, value] of outputs.entries()) b.output(value, `out${index}`)
  const results = await run(b.finish('test'), feeds)
  return outputs.map((_, index) => results[`out${index}`]!)
}
