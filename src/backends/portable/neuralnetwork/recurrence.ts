import type { GraphBuilder } from '../onnx/builder.ts'
import type { Value } from '../onnx/value.ts'

/**
 * Recurrent layers step by step, where onnxruntime's own ops do not clip as Core ML does: what goes into each activation and the memory of a GRU
 * are cut to ±50, the cell of an LSTM to its threshold.
 */

/** A function of one gate. */
export type GateFunction = (graph: GraphBuilder, x: Value) => Value

const limit = 50

/** `x` cut to ±`bound`. */
export function clipped(graph: GraphBuilder, x: Value, bound = limit): Value {
  return graph.op('Clip', [x, graph.scalar(-bound), graph.scalar(bound)])
}

/** One step: from what the input gives to the gates [batch, gates · size] and the states [batch, size], the new states; the first is the output. */
export type Step = (graph: GraphBuilder, gates: Value, states: readonly Value[]) => Value[]

/** Runs `step` over the first dimension of `gates`: all outputs [sequence, batch, size], and the last states [batch, size]. */
export function recur(graph: GraphBuilder, gates: Value, initial: readonly Value[], step: Step): { all: Value; last: Value[] } {
  const ports = [...initial, { type: gates.type, dims: gates.dims.slice(1) }].map(({ type, dims }) => ({ type, dims }))
  const body = graph.subgraph(ports, (inner, values) => {
    const next = step(inner, values.at(-1)!, values.slice(0, -1))
    return [...next, next[0]!]
  })
  const types = initial.map(({ type, dims }) => ({ type, dims }))
  const all = { type: gates.type, dims: [gates.dims[0]!, ...initial[0]!.dims] }
  const outputs = graph.ops('Scan', [...initial, gates], { body: body.graph, num_scan_inputs: 1 }, { types: [...types, all] })
  return { all: outputs.at(-1)!, last: outputs.slice(0, -1) }
}

function split(graph: GraphBuilder, gates: Value, count: number, size: number): Value[] {
  return graph.ops('Split', [gates, graph.ints(Array(count).fill(size))], { axis: 1 }, { outputs: count })
}

/** y = f(clip(gates + y · recursion)) */
export function simpleStep(recursion: Value, f: GateFunction): Step {
  return (graph, gates, [h]) => [f(graph, clipped(graph, graph.op('Add', [gates, graph.op('MatMul', [h!, recursion])])))]
}

/** Gates in the order update, reset, output; `recursion` of the first two side by side, then that of the third. */
export function gruStep(recursion: readonly [Value, Value], size: number, [f, g]: readonly GateFunction[]): Step {
  return (graph, gates, [h]) => {
    const [forGates, forOutput] = graph.ops('Split', [gates, graph.ints([2 * size, size])], { axis: 1 }, { outputs: 2 })
    const both = f!(graph, clipped(graph, graph.op('Add', [forGates!, graph.op('MatMul', [h!, recursion[0]])])))
    const [z, r] = split(graph, both, 2, size)
    const memory = clipped(graph, graph.op('Mul', [h!, r!]))
    const o = g!(graph, clipped(graph, graph.op('Add', [forOutput!, graph.op('MatMul', [memory, recursion[1]])])))
    const kept = graph.op('Mul', [z!, h!])
    return [graph.op('Add', [graph.op('Mul', [graph.op('Sub', [graph.scalar(1), z!]), o]), kept])]
  }
}

export interface LSTMStep {
  /** [size, 4 · size], gates in the order input, output, forget, block input. */
  recursion: Value
  size: number
  functions: readonly GateFunction[]
  /** Vectors of input, output and forget gate. */
  peepholes?: readonly Value[]
  coupled: boolean
  threshold: number
}

export function lstmStep({ recursion, size, functions: [f, g, last], peepholes, coupled, threshold }: LSTMStep): Step {
  return (graph, gates, [h, c]) => {
    const sums = graph.op('Add', [gates, graph.op('MatMul', [h!, recursion])])
    const [i, o, forget, z] = split(graph, sums, 4, size) as [Value, Value, Value, Value]
    const gate = (sum: Value, cell: Value, index: number) => {
      const peeping = peepholes ? graph.op('Add', [sum, graph.op('Mul', [peepholes[index]!, cell])]) : sum
      return f!(graph, clipped(graph, peeping))
    }
    const input = gate(i, c!, 0)
    const keep = coupled ? graph.op('Sub', [graph.scalar(1), input]) : gate(forget, c!, 2)
    const block = g!(graph, clipped(graph, z))
    const cell = clipped(graph, graph.op('Add', [graph.op('Mul', [c!, keep]), graph.op('Mul', [input, block])]), threshold)
    const output = gate(o, cell, 1)
    return [graph.op('Mul', [last!(graph, cell), output]), cell]
  }
}
