import type { Graph, Node } from '../../graph.ts'
import { sameDims } from '../../value.ts'
import type { Rewriter } from '../rewriter.ts'
import { type CountedLoop, namesIn } from './counted-loop.ts'
import { type Gate, type GruCell, gruCell } from './gru-cell.ts'
import { origin, rowOf } from './row-of.ts'
import type { WholeNumbers } from './whole-numbers.ts'

/** A loop that computes a GRU, and nothing else. */
interface GruLoop {
  cell: GruCell
  /** What is gone through, [steps, batch, inputs], from the first row to the last one. */
  sequence: string
  /** The state that it starts with. */
  initial: string
  batch: number
  inputs: number
  size: number
  /** How many steps there are, where that is known. */
  steps: number | undefined
}

function gruLoop(loop: CountedLoop, rewriter: Rewriter, numbers: WholeNumbers): GruLoop | undefined {
  const { node, body, index, end } = loop
  const variables = body.inputs.slice(2)
  const [, ...results] = body.outputs
  const at = 1 - index
  const state = variables[at]
  // What the counter is in the end, nobody asks.
  if (variables.length !== 2 || state?.type !== 'float32' || rewriter.reads(node.outputs[index]!) > 0) return undefined
  const next = origin(results[at]!.name, rewriter)
  if (!results.slice(2).every(({ name }) => origin(name, rewriter) === next)) return undefined
  const cell = gruCell(next, state.name, rewriter)
  if (!cell) return undefined
  const gates = [cell.update, cell.reset, cell.hidden]
  const inside = namesIn(body)
  const gather = rowOf(cell.hidden.input.x, loop, inside, rewriter, numbers)
  if (!gather || !gates.every(({ input }) => input.x === gather.outputs[0])) return undefined
  const sequence = gather.inputs[0]!
  const given = gates.flatMap(({ input, state: recurrent }) => [input.weight, input.bias, recurrent.weight, recurrent.bias])
  if (given.some((name) => name !== undefined && inside.has(name))) return undefined
  const shape = rewriter.shape(sequence)!
  const [, batch, inputs] = shape
  const [size] = rewriter.dims(cell.hidden.state.weight)!
  if (shape.length !== 3 || !batch || !inputs || !size) return undefined
  const fits = gates.every(
    ({ input, state: recurrent }) =>
      sameDims(rewriter.dims(input.weight), [size, inputs]) && sameDims(rewriter.dims(recurrent.weight), [size, size]),
  )
  const ofBatch = [next, state.name].every((name) => sameDims(rewriter.dims(name), [batch, size]))
  if (!fits || !ofBatch) return undefined
  const steps = end.base === '' ? end.offset : undefined
  return steps === 0 ? undefined : { cell, sequence, initial: node.inputs[at + 2]!, batch, inputs, size, steps }
}

/** The constants of ONNX's GRU, each for one direction. */
function parameters(node: Node, { cell, inputs, size }: GruLoop, rewriter: Rewriter): string[] {
  const hint = node.outputs[0]!
  // ONNX orders gates update, reset, hidden.
  const gates = [cell.update, cell.reset, cell.hidden]
  const zeros = rewriter.addConstant(hint, 'zeros', [size], 0)
  const axis = rewriter.addInts(hint, 'direction', [0])
  const joined = (parts: string[], dims: number[]) => {
    const all = rewriter.insert(node, 'Concat', parts, [dims], { attributes: { axis: 0 } })
    return rewriter.insert(node, 'Unsqueeze', [...all, axis], [[1, ...dims]])[0]!
  }
  const weights = (side: keyof Gate) => gates.map((gate) => gate[side].weight)
  const biases = (side: keyof Gate) => gates.map((gate) => gate[side].bias ?? zeros)
  return [
    joined(weights('input'), [3 * size, inputs]),
    joined(weights('state'), [3 * size, size]),
    joined([...biases('input'), ...biases('state')], [6 * size]),
  ]
}

/** Whether the sums of the squares of some values are finite: then all of them are, and what products of them add up to. */
function areFinite(node: Node, names: readonly string[], rewriter: Rewriter): string {
  const squares = names.flatMap((name) => rewriter.insert(node, 'ReduceSumSquare', [name], [[]], { attributes: { keepdims: 0 } }))
  const sum = rewriter.insert(node, 'Sum', squares, [[]])
  return rewriter.insert(node, 'Less', [...sum, rewriter.addConstant(node.outputs[0]!, 'infinity', [], Number.POSITIVE_INFINITY)], [[]])[0]!
}

function replaceLoop(graph: Graph, { node, index }: CountedLoop, found: GruLoop, rewriter: Rewriter): void {
  const { sequence, initial, batch, size, steps } = found
  const hint = node.outputs[0]!
  const axis = (number: number) => rewriter.addInts(hint, 'axis', [number])
  const before = rewriter.insert(node, 'Unsqueeze', [initial, axis(0)], [[1, batch, size]])[0]!
  const constants = parameters(node, found, rewriter)
  const finite = areFinite(node, [sequence, before, ...constants], rewriter)
  const isAny = node.inputs[1]!
  const condition = steps === undefined ? rewriter.insert(node, 'And', [finite, isAny], [[]])[0]! : finite

  const make = (opType: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => {
    return { opType, domain: '', name: outputs[0]!, inputs, outputs, attributes }
  }
  // Of the loop's results there are two variables, one of which counts, and then what has every state.
  const results = node.outputs.flatMap((name, at) => (at === index ? [] : [{ name, ofAll: at >= 2 }]))
  const branch = (suffix: string, nodes: (names: string[]) => Node[]): Graph => {
    const outputs = results.map(({ name, ofAll }) => {
      const dims = ofAll ? [steps ?? null, batch, size] : [batch, size]
      return { name: rewriter.uniqueName(`${name}/${suffix}`), type: 'float32' as const, dims }
    })
    return { name: 'body', inputs: [], outputs, nodes: nodes(outputs.map(({ name }) => name)), initializers: [], shapes: graph.shapes }
  }
  const run = branch('GRU', (names) => {
    const [all, last] = ['all', 'last'].map((which) => rewriter.uniqueName(`${hint}/${which}`)) as [string, string]
    const gru = make('GRU', [sequence, ...constants, '', before], [all, last], { hidden_size: size, linear_before_reset: 1 })
    return [gru, ...names.map((name, at) => make('Squeeze', results[at]!.ofAll ? [all, axis(1)] : [last, axis(0)], [name]))]
  })
  const go = branch('Loop', (names) => [{ ...node, outputs: names.toSpliced(index, 0, rewriter.uniqueName(`${hint}/count`)) }])
  const names = results.map(({ name }) => name)
  rewriter.replace(node, make('If', [condition], names, { then_branch: run, else_branch: go }))
}

/**
 * A loop over the steps of PyTorch's GRU, which coremltools writes since Core ML's own one adds a bias elsewhere, becomes ONNX's GRU. The loop stays for what
 * onnxruntime's GRU does not do: it gives numbers where a state is NaN, and ends the process where there are no steps.
 */
export function fuseGru(graph: Graph, loop: CountedLoop, rewriter: Rewriter, numbers: WholeNumbers): boolean {
  const found = gruLoop(loop, rewriter, numbers)
  if (found) replaceLoop(graph, loop, found, rewriter)
  return found !== undefined
}
