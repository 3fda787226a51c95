import { CoreMLError } from '../../../errors.ts'
import type { BranchLayer, LoopLayer, NeuralNetworkLayer } from '../../../format/index.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { Port } from '../onnx/graph.ts'
import { commonDims, constantNumbers, type Dim, type Value } from '../onnx/value.ts'
import { readBy, type Scope, writtenBy } from './scope.ts'
import { atLeastRank1, firstOf, scalarOf, toInt64 } from './shapes.ts'

/**
 * How running layers inside a loop ended. `left`: the rest of the iteration is skipped; `broke`: so are all further iterations.
 * Plain booleans where it is known, boolean scalars of the graph where a run decides.
 */
export interface Outcome {
  left: boolean | Value
  broke: boolean | Value
}

export const ranThrough: Outcome = { left: false, broke: false }

/** Lowers layers into a scope, writing its blobs. */
export type LowerLayers = (layers: readonly NeuralNetworkLayer[], scope: Scope) => Outcome

/** Anything but zero is true, as a boolean scalar; of several elements the first one counts. */
function truth(graph: GraphBuilder, value: Value): Value {
  const magnitude = graph.op('Abs', [firstOf(graph, value)])
  return graph.op('Greater', [magnitude, graph.scalar(1e-6)])
}

function flag(graph: GraphBuilder, value: boolean | Value): Value {
  return typeof value === 'boolean' ? graph.scalar(value ? 1 : 0, 'bool') : value
}

type Body = (scope: Scope) => Outcome

/** Runs one of two bodies; what they write and somebody reads later becomes the outputs. Where it is known which one, only that is lowered. */
export function choose(scope: Scope, condition: Value, bodies: readonly [Body, Body], written: ReadonlySet<string>): Outcome {
  const { graph, blobs } = scope
  const known = constantNumbers(condition)
  if (known) return bodies[known[0] ? 0 : 1](scope)
  const names = [...written].filter((name) => scope.live.has(name))
  const ranks = new Map<string, number>()
  const outcomes: Outcome[] = []
  const graphs = bodies.map((body) =>
    graph.subgraph([], (inner) => {
      const innerBlobs = new Map(blobs)
      const outcome = body({ graph: inner, blobs: innerBlobs, live: scope.live })
      outcomes.push(outcome)
      const values = names.map((name) => {
        const written = innerBlobs.get(name)
        if (!written) return inner.constant('float32', [1], [0])
        const value = atLeastRank1(inner, written)
        const rank = ranks.get(name)
        if (rank !== undefined && rank !== value.dims.length) {
          throw new CoreMLError('ERR_OP_UNSUPPORTED', `the two sides of a branch give "${name}" different ranks`)
        }
        ranks.set(name, value.dims.length)
        return value
      })
      return [flag(inner, outcome.left), flag(inner, outcome.broke), ...values]
    }),
  )
  // A name that only one side writes, and nobody before, is undefined where the other side ran: a placeholder stands there.
  const types = graphs[0]!.outputs.map((port, index) => {
    const other = graphs[1]!.outputs[index]!
    const name = names[index - 2]
    if (name === undefined) return { type: port.type, dims: port.dims }
    const rank = ranks.get(name) ?? 1
    if (port.dims.length !== other.dims.length) return { type: port.type, dims: Array<Dim>(rank).fill(null) }
    return { type: port.type, dims: commonDims(port.dims, other.dims) }
  })
  const [then, otherwise] = graphs
  const outputs = graph.ops('If', [condition], { then_branch: then!.graph, else_branch: otherwise!.graph }, { types })
  names.forEach((name, index) => {
    if (ranks.has(name)) blobs.set(name, outputs[index + 2]!)
  })
  const agreed = (pick: (outcome: Outcome) => boolean | Value, output: Value) =>
    outcomes.every((outcome) => pick(outcome) === pick(outcomes[0]!)) && typeof pick(outcomes[0]!) === 'boolean'
      ? pick(outcomes[0]!)
      : output
  return { left: agreed(({ left }) => left, outputs[0]!), broke: agreed(({ broke }) => broke, outputs[1]!) }
}

/** A branch layer. */
export function lowerBranch(layer: NeuralNetworkLayer, params: BranchLayer, scope: Scope, lower: LowerLayers): Outcome {
  const value = scope.blobs.get(layer.input[0]!)
  if (!value) throw new CoreMLError('ERR_MODEL_INVALID', `layer "${layer.name}" (branch): its condition "${layer.input[0]}" is not there`)
  const sides = [params.ifBranch?.layers ?? [], params.elseBranch?.layers ?? []] as const
  const written = writtenBy([...sides[0], ...sides[1]])
  return choose(scope, truth(scope.graph, value), [(inner) => lower(sides[0], inner), (inner) => lower(sides[1], inner)], written)
}

/** What stands for a value that no iteration has computed: of the shape that it has else, as onnxruntime expects it where no iteration runs. */
function placeholder(graph: GraphBuilder, dims: readonly Dim[]): Value {
  return graph.expand(
    graph.scalar(0),
    dims.map((dim) => dim ?? 1),
  )
}

/** A loop layer. */
export function lowerLoop(layer: NeuralNetworkLayer, params: LoopLayer, scope: Scope, lower: LowerLayers): void {
  const { graph, blobs } = scope
  const body = params.bodyNetwork?.layers ?? []
  const condition = params.conditionVar ? (params.conditionNetwork?.layers ?? []) : []
  const read = readBy([...condition, ...body])
  if (params.conditionVar) read.add(params.conditionVar)
  const live = new Set([...scope.live, ...read])
  const holds = (inner: Scope): Value => {
    lower(condition, inner)
    const value = inner.blobs.get(params.conditionVar)
    if (!value)
      throw new CoreMLError('ERR_MODEL_INVALID', `layer "${layer.name}" (loop): nothing computes its condition "${params.conditionVar}"`)
    return truth(inner.graph, value)
  }
  const first = params.conditionVar ? holds({ graph, blobs, live }) : undefined

  const written = writtenBy([...condition, ...body])
  const carried = [...written].filter((name) => (blobs.has(name) ? read.has(name) || scope.live.has(name) : scope.live.has(name)))
  // What only the body writes has no value before the first iteration: a placeholder, which no iteration reads.
  const initial = carried.map((name) => atLeastRank1(graph, blobs.get(name) ?? graph.scalar(0)))
  let dims = initial.map((value) => value.dims)
  let built: { graph: ReturnType<GraphBuilder['subgraph']>['graph']; outputs: Port[] }
  let valued: ReadonlyMap<string, Value>
  for (;;) {
    const ports = [
      { type: 'int64' as const, dims: [] },
      { type: 'bool' as const, dims: [] },
      ...initial.map((value, index) => ({ type: value.type, dims: dims[index]! })),
    ]
    built = graph.subgraph(ports, (inner, arguments_) => {
      const innerBlobs = new Map(blobs)
      carried.forEach((name, index) => {
        if (blobs.has(name)) innerBlobs.set(name, arguments_[index + 2]!)
      })
      valued = innerBlobs
      const innerScope = { graph: inner, blobs: innerBlobs, live: new Set([...live, ...carried]) }
      const { broke } = lower(body, innerScope)
      let goOn: Value
      if (broke === true) goOn = flag(inner, false)
      else {
        const again = params.conditionVar ? holds(innerScope) : flag(inner, true)
        goOn = broke === false ? again : inner.op('And', [inner.op('Not', [broke]), again])
      }
      return [
        goOn,
        // What no layer wrote after all, as on the side of a branch that is never taken, stays a placeholder.
        ...carried.map((name, index) => atLeastRank1(inner, innerBlobs.get(name) ?? initial[index]!)),
      ]
    })
    // A dimension that an iteration changes is open; the body is lowered again, knowing that.
    const outputs = built.outputs.slice(1)
    let settled = true
    dims = dims.map((before, index) => {
      const after = outputs[index]!.dims
      if (!blobs.has(carried[index]!)) return before
      if (after.length !== before.length) {
        throw new CoreMLError('ERR_OP_UNSUPPORTED', `layer "${layer.name}" (loop): iterations change the rank of "${carried[index]}"`)
      }
      const both = commonDims(before, after)
      settled &&= both.every((dim, axis) => dim === before[axis])
      return both
    })
    if (settled) break
  }

  const limit = layer.input[0] === undefined ? undefined : blobs.get(layer.input[0])
  const fixed = params.maxLoopIterations > 0 || !params.conditionVar ? graph.scalar(params.maxLoopIterations, 'int64') : null
  const count = limit ? toInt64(graph, scalarOf(graph, limit)) : fixed
  const begun = carried.map((name) => blobs.has(name))
  const types = built.outputs.slice(1).map((port, index) => ({
    type: port.type,
    dims: begun[index] ? commonDims(dims[index]!, port.dims) : port.dims,
  }))
  const begin = initial.map((value, index) => (begun[index] ? value : placeholder(graph, types[index]!.dims)))
  const outputs = graph.ops('Loop', [count, first, ...begin], { body: built.graph }, { types })
  carried.forEach((name, index) => {
    if (valued.has(name)) blobs.set(name, outputs[index]!)
  })
}
