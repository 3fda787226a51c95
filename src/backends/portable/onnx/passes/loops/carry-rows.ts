import { elementCount } from '../../../../../model/tensor.ts'
import type { Graph, Node } from '../../graph.ts'
import type { Dim } from '../../value.ts'
import { bodyOf, type Rewriter } from '../rewriter.ts'
import type { CountedLoop } from './counted-loop.ts'
import type { WholeNumbers } from './whole-numbers.ts'

/** A loop variable that gets one row at each turn. */
interface Filled {
  /** Its place among the loop variables. */
  index: number
  /** What writes the row `counter + offset`. */
  write: Node
  offset: number
  /** What reads the row that the turn before wrote. */
  reads: Node[]
  row: readonly number[]
}

/** Whether all rows of a value from `row` on are zeros. */
function isZeroFrom(name: string, row: number, rewriter: Rewriter): boolean {
  const constant = rewriter.constant(name)
  if (constant) {
    const [rows, ...rest] = constant.dims as number[]
    return (constant.constant!.data as Float32Array).subarray(Math.min(row, rows!) * elementCount(rest)).every((x) => x === 0)
  }
  const node = rewriter.producer(name)
  if (node?.opType === 'Expand') return rewriter.scalar(node.inputs[0]) === 0
  if (node?.opType !== 'Concat' || node.attributes.axis !== 0) return false
  let begin: Dim = 0
  for (const part of node.inputs) {
    const size: Dim = rewriter.shape(part)?.[0] ?? null
    if (begin === null) return false
    if ((size === null || begin + size > row) && !isZeroFrom(part, Math.max(row - begin, 0), rewriter)) return false
    begin = size === null ? null : begin + size
  }
  return true
}

/** Whether a value is another one under further names that nothing else reads. */
function isOnly(name: string, other: string, rewriter: Rewriter): boolean {
  if (name === other) return true
  const node = rewriter.soleProducer(name)
  return node?.opType === 'Identity' && isOnly(node.inputs[0]!, other, rewriter)
}

function filled(loop: CountedLoop, index: number, rewriter: Rewriter, numbers: WholeNumbers): Filled | undefined {
  const { node, body, counter, start } = loop
  const variable = body.inputs[index + 2]!.name
  const result = rewriter.producer(body.outputs[index + 1]!.name)
  const write = result?.opType === 'Identity' ? rewriter.soleProducer(result.inputs[0]) : result
  if (write?.opType !== 'ScatterND' || !isOnly(write.inputs[0]!, variable, rewriter)) return undefined
  const { base, offset } = numbers.of(write.inputs[1]!)
  const [rows, ...row] = rewriter.dims(write.inputs[2]) ?? []
  const dims = rewriter.dims(write.inputs[1])
  if (base !== counter || rows !== 1 || dims?.length !== 2 || start + offset < 0 || row.includes(0)) return undefined
  const { reduction = 'none' } = write.attributes
  const initial = node.inputs[index + 2]!
  const isFirst = reduction === 'none' || (reduction === 'add' && isZeroFrom(initial, start + offset, rewriter))
  const reads = rewriter.nodes().filter(({ inputs, opType, attributes }) => {
    if (opType !== 'Gather' || inputs[0] !== variable || (attributes.axis ?? 0) !== 0) return false
    const read = numbers.of(inputs[1]!)
    return read.base === counter && read.offset === offset - 1
  })
  if (!isFirst || rewriter.reads(variable) !== 1 + reads.length || !reads.every(({ outputs }) => rewriter.dims(outputs[0])))
    return undefined
  const before = { base: '', offset: start + offset - 1 }
  if (reads.length > 0 && (before.offset < 0 || !numbers.isLess(before, numbers.size(initial, 0)))) return undefined
  return { index, write, offset, reads, row }
}

/** Gives the rows on one by one, and puts all of them in their places behind the loop. */
function carry(graph: Graph, { node, start }: CountedLoop, { index, write, offset, reads, row }: Filled, rewriter: Rewriter): void {
  const body = bodyOf(node)
  const isRead = reads.length > 0
  const reshaped = (name: string, before: Node, dims: readonly number[]) =>
    rewriter.insert(before, 'Reshape', [name, rewriter.addInts(before.outputs[0]!, 'shape', dims)], [dims])[0]!
  const [variable, result] = [body.inputs[index + 2]!, body.outputs[index + 1]!]
  for (const read of reads) {
    const dims = rewriter.dims(read.outputs[0])!
    const shape = rewriter.addInts(read.outputs[0]!, 'shape', dims)
    rewriter.replace(read, { ...read, opType: 'Reshape', inputs: [variable.name, shape], attributes: {} })
  }
  const next = reshaped(write.inputs[2]!, write, row)
  rewriter.replace(write, { ...write, opType: 'Identity', inputs: [next], attributes: {} })
  for (const name of [variable.name, result.name, write.outputs[0]!]) graph.shapes.set(name, row)
  body.inputs = body.inputs.toSpliced(index + 2, 1, ...(isRead ? [{ ...variable, dims: row }] : []))
  const carried = { ...result, dims: row }
  body.outputs = [...body.outputs.toSpliced(index + 1, 1, ...(isRead ? [carried] : [])), isRead ? { ...carried, name: next } : carried]

  const [, , ...initial] = node.inputs as [string, string, ...string[]]
  const list = node.outputs[index]!
  const first = () => {
    const at = rewriter.addInts(list, 'first', [start + offset - 1])
    return reshaped(rewriter.insert(node, 'Gather', [initial[index]!, at], [[1, ...row]], { attributes: { axis: 0 } })[0]!, node, row)
  }
  const [last, rows] = ['last', 'rows'].map((hint) => rewriter.uniqueName(`${list}/${hint}`)) as [string, string]
  graph.shapes.set(last, row)
  graph.shapes.set(rows, [null, ...row])
  const behind: Node[] = []
  const compute = (opType: string, inputs: string[], dims: readonly Dim[], attributes: Node['attributes'] = {}) => {
    const output = rewriter.uniqueName(`${list}/${opType}`)
    graph.shapes.set(output, dims)
    behind.push({ opType, domain: '', name: output, inputs, outputs: [output], attributes })
    return output
  }
  const int = (hint: string, number: number) => rewriter.addInt(list, hint, number)
  const from = int('from', start + offset)
  const count = compute('Gather', [compute('Shape', [rows], [1 + row.length]), int('axis', 0)], [], { axis: 0 })
  const range = compute('Range', [from, compute('Add', [count, from], []), int('step', 1)], [null])
  const places = compute('Unsqueeze', [range, rewriter.addInts(list, 'column', [1])], [null, 1])
  const fill = { opType: 'ScatterND', domain: '', name: list, inputs: [initial[index]!, places, rows], outputs: [list], attributes: {} }
  rewriter.extend(
    node,
    {
      ...node,
      inputs: [...node.inputs.slice(0, 2), ...initial.toSpliced(index, 1, ...(isRead ? [first()] : []))],
      outputs: [...node.outputs.toSpliced(index, 1, ...(isRead ? [last] : [])), rows],
    },
    [...behind, fill],
  )
}

/**
 * A tensor that a loop fills row by row, and of which it reads no more than the row before, is no loop variable: each write copies all of it. The rows are the
 * loop's results of each turn, and the last one is a variable where it is read.
 * @returns whether there was one
 */
export function carryRows(graph: Graph, loop: CountedLoop, rewriter: Rewriter, numbers: WholeNumbers): boolean {
  const { length } = loop.node.outputs
  for (let index = 0; index < length && index + 2 < loop.body.inputs.length; index++) {
    const variable = index === loop.index ? undefined : filled(loop, index, rewriter, numbers)
    if (!variable) continue
    carry(graph, loop, variable, rewriter)
    return true
  }
  return false
}
