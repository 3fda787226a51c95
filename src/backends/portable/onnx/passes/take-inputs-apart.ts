import { elementCount, elementSize } from '../../../../model/tensor.ts'
import type { Graph, InputPart } from '../graph.ts'
import { isStatic } from '../value.ts'
import { cutsOf, type Range } from './cuts.ts'
import { onlyReshapes } from './merge-reshapes.ts'
import { countReads, type Rewriter } from './rewriter.ts'

/** Parts of fewer bytes are no ports of their own: to feed one takes some microseconds, as the copy of so many bytes does. */
const smallestPart = 64 * 1024

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
  const taken = new Map<string, InputPart>()
  graph.nodes = graph.nodes.filter((node) => {
    const [output] = node.outputs as [string]
    const part = taken.get(node.inputs[0]!)
    if (part && onlyReshapes(node, rewriter) && !results.has(output)) {
      taken.set(output, { ...part, name: output, dims: rewriter.dims(output)! })
      return false
    }
    const whole = wholes.get(node.inputs[0]!)
    if (!whole || !isStatic(whole.dims)) return true
    const parts = cutsOf(node, whole.dims, rewriter)?.map((cut, index): InputPart | undefined => {
      const offset = offsetOf(cut, whole.dims as number[])
      const dims = cut.map(([begin, end]) => Math.max(end - begin, 0))
      const name = node.outputs[index]!
      const fits = offset !== undefined && !results.has(name) && elementCount(dims) * elementSize[whole.type] >= smallestPart
      return fits ? { name, of: whole.name, offset, dims } : undefined
    })
    if (!parts?.every((each) => each !== undefined)) return true
    for (const each of parts) taken.set(each.name, each)
    return false
  })
  const reads = countReads(graph)
  const gone = new Set([...taken.values()].map(({ of }) => of).filter((name) => !reads.has(name)))
  const parts = [...taken.values()].filter(({ name }) => reads.has(name))
  const ports = parts.map(({ name, of, dims }) => ({ name, type: wholes.get(of)!.type, dims }))
  graph.inputs = [...graph.inputs.filter(({ name }) => !gone.has(name)), ...ports]
  return parts
}
