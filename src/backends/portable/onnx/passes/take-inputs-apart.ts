import { elementCount, elementSize } from '../../../../model/tensor.ts'
import type { Graph, InputPart, Node } from '../graph.ts'
import { sliceBound } from '../slice-bound.ts'
import { isStatic } from '../value.ts'
import { countReads, type Rewriter } from './rewriter.ts'

/** Parts of fewer bytes are no ports of their own: to feed one takes some microseconds, as the copy of so many bytes does. */
const smallestPart = 64 * 1024

/** From `begin` up to `end` along one axis. */
type Range = readonly [begin: number, end: number]

/** What a node cuts out of its first input, along every axis, for each output; undefined where it does anything else, or bounds are not known. */
function cuts(node: Node, dims: readonly number[], rewriter: Rewriter): Range[][] | undefined {
  const whole = dims.map((size): Range => [0, size])
  if (node.opType === 'Split') {
    const axis = node.attributes.axis as number
    let begin = 0
    return rewriter.ints(node.inputs[1])?.map((size) => {
      const end = begin + size
      const cut = whole.with(axis, [begin, end])
      begin = end
      return cut
    })
  }
  if (node.opType !== 'Slice') return undefined
  const [starts, ends, steps] = [1, 2, 4].map((at) => rewriter.ints(node.inputs[at])) as [number[]?, number[]?, number[]?]
  const axes = node.inputs[3] ? rewriter.ints(node.inputs[3]) : [...dims.keys()]
  if (!starts || !ends || !axes || (node.inputs[4] && !steps) || steps?.some((step) => step !== 1)) return undefined
  for (const [index, axis] of axes.entries()) {
    const at = axis < 0 ? axis + dims.length : axis
    whole[at] = [sliceBound(starts[index]!, dims[at]!), sliceBound(ends[index]!, dims[at]!)]
  }
  return [whole]
}

/** Where a cut begins, in elements, if its elements follow each other: single ones along outer axes, everything along inner ones. */
function offsetOf(cut: readonly Range[], dims: readonly number[]): number | undefined {
  const last = cut.findLastIndex(([begin, end], axis) => end - begin !== dims[axis])
  if (cut.some(([begin, end], axis) => axis < last && end - begin !== 1)) return undefined
  return cut.reduce((offset, [begin], axis) => offset * dims[axis]! + begin, 0)
}

/**
 * Slices of an input (the layers of a cache of keys and values, mostly) become inputs of their own, which are views of the same memory: onnxruntime
 * would copy them at each run. The input itself goes where nothing else reads it.
 * @param features the inputs that a caller feeds, in memory where a view is possible
 */
export function takeInputsApart(graph: Graph, rewriter: Rewriter, features: ReadonlySet<string>): InputPart[] {
  const wholes = new Map(graph.inputs.filter(({ name }) => features.has(name)).map((port) => [port.name, port]))
  const results = new Set(graph.outputs.map(({ name }) => name))
  const parts: InputPart[] = []
  graph.nodes = graph.nodes.filter((node) => {
    const whole = wholes.get(node.inputs[0]!)
    if (!whole || !isStatic(whole.dims)) return true
    const taken = cuts(node, whole.dims, rewriter)?.map((cut, index): InputPart | undefined => {
      const offset = offsetOf(cut, whole.dims as number[])
      const dims = cut.map(([begin, end]) => Math.max(end - begin, 0))
      const name = node.outputs[index]!
      const fits = offset !== undefined && !results.has(name) && elementCount(dims) * elementSize[whole.type] >= smallestPart
      return fits ? { name, of: whole.name, offset, dims } : undefined
    })
    if (!taken?.every((part) => part !== undefined)) return true
    parts.push(...taken)
    return false
  })
  const reads = countReads(graph)
  const gone = new Set(parts.map(({ of }) => of).filter((name) => !reads.has(name)))
  const ports = parts.map(({ name, of, dims }) => ({ name, type: wholes.get(of)!.type, dims }))
  graph.inputs = [...graph.inputs.filter(({ name }) => !gone.has(name)), ...ports]
  return parts
}
