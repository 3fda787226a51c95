import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Graph } from '../../../../../src/backends/portable/onnx/graph.ts'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import type { Dim, Value } from '../../../../../src/backends/portable/onnx/value.ts'
import type { Tensor } from '../../../../../src/model/tensor.ts'
import { numbers } from '../../../../models/sample.ts'
import { builder, run } from '../run-graph.ts'

export function opTypes({ nodes }: Graph): string[] {
  return nodes.map(({ opType }) => opType)
}

/**
 * The ops of a graph from one float32 input to one output once it is optimised, and what it computes.
 * @param declared the shape that the graph knows of its input, null where it is flexible
 */
export async function optimized(
  input: Omit<Tensor, 'type'>,
  build: (b: GraphBuilder, x: Value) => Value,
  declared: readonly Dim[] = input.dims,
): Promise<{ ops: string[]; ys: number[] }> {
  const b = builder()
  b.output(build(b, b.input('x', 'float32', declared)), 'y')
  const graph = b.finish('test')
  optimize(graph)
  const { y } = await run(graph, { x: { ...input, type: 'float32' } })
  return { ops: opTypes(graph), ys: numbers(y!) }
}
