import type { GraphBuilder } from './builder.ts'
import { ifAny } from './if-any.ts'
import { constantNumbers, type Value } from './value.ts'

/**
 * The first `count` (int64 vector of one) of the sorted elements along `axis` (counted from the front), and where they were. onnxruntime's TopK (1.30)
 * divides by the number of rows that it sorts, and ends the process where there are none.
 */
export function topK(builder: GraphBuilder, x: Value, count: Value, axis: number, largest: boolean): [Value, Value] {
  const sort = (graph: GraphBuilder) => graph.ops('TopK', [x, count], { axis, largest: largest ? 1 : 0 }, { outputs: 2 })
  const nothing = (graph: GraphBuilder) => {
    const dims = x.dims.map((dim, other) => (other === axis ? (constantNumbers(count)?.[0] ?? null) : dim))
    const none = graph.op('Slice', [x, graph.ints([0]), count, graph.ints([axis])], {}, { types: [{ type: x.type, dims }] })
    return [none, graph.cast(none, 'int64')]
  }
  const rows = builder.dims(x).filter((_, other) => other !== axis)
  return ifAny(builder, rows, sort, nothing) as [Value, Value]
}
