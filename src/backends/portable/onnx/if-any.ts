import type { GraphBuilder, ShapeElement } from './builder.ts'
import { asValue, product } from './shape-element.ts'
import { commonDims, type Value } from './value.ts'

type Branch = (graph: GraphBuilder) => Value[]
type Subgraph = ReturnType<GraphBuilder['subgraph']>

/** If: what the graph of the side that `condition` (bool scalar) takes gives. Both sides give values of the same types and ranks. */
export function ifElse(builder: GraphBuilder, condition: Value, then: Subgraph, otherwise: Subgraph): Value[] {
  const types = then.outputs.map(({ type, dims }, index) => ({ type, dims: commonDims(dims, otherwise.outputs[index]!.dims) }))
  return builder.ops('If', [condition], { then_branch: then.graph, else_branch: otherwise.graph }, { types })
}

/** What `some` makes where a tensor of these dimensions has elements, else what `none` makes. Only where a run tells, the graph holds both. */
export function ifAny(builder: GraphBuilder, dims: readonly ShapeElement[], some: Branch, none: Branch): Value[] {
  if (dims.includes(0)) return none(builder)
  const count = product(builder, dims)
  if (typeof count === 'number') return some(builder)
  const [then, otherwise] = [some, none].map((branch) => builder.subgraph([], branch))
  const isAny = builder.op('Greater', [asValue(builder, count), builder.scalar(0, 'int64')])
  return ifElse(builder, isAny, then!, otherwise!)
}
