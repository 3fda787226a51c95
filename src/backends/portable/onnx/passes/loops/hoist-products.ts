import type { Rewriter } from '../rewriter.ts'
import { type CountedLoop, namesIn } from './counted-loop.ts'
import { rowOf } from './row-of.ts'
import type { WholeNumbers } from './whole-numbers.ts'

/**
 * A product of the row that a loop is at with a weight, as recurrent networks make of their inputs, is computed for all rows at once before the loop.
 * @returns whether there was one
 */
export function hoistProducts(loop: CountedLoop, rewriter: Rewriter, numbers: WholeNumbers): boolean {
  const inside = namesIn(loop.body)
  let changed = false
  for (const gemm of loop.body.nodes.filter(({ opType, attributes }) => opType === 'Gemm' && !attributes.transA)) {
    const [x, ...parameters] = gemm.inputs as [string, ...string[]]
    const [rows, inputs] = rewriter.dims(x) ?? []
    const dims = rewriter.dims(gemm.outputs[0])
    const bias = rewriter.dims(parameters[1] || undefined)
    const ofRow = !parameters[1] || bias?.length === 1 || bias?.[0] === 1
    const gather = ofRow && !parameters.some((name) => inside.has(name)) ? rowOf(x, loop, inside, rewriter, numbers) : undefined
    if (!gather || !rows || !inputs || !dims) continue
    const [sequence, place] = gather.inputs as [string, string]
    const shape = (sizes: readonly number[]) => rewriter.addInts(gemm.outputs[0]!, 'shape', sizes)
    const all = rewriter.insert(loop.node, 'Reshape', [sequence, shape([-1, inputs])], [[null, inputs]])
    let products = rewriter.insert(loop.node, 'Gemm', [...all, ...parameters], [[null, dims[1]!]], { attributes: gemm.attributes })
    if (rows > 1) products = rewriter.insert(loop.node, 'Reshape', [...products, shape([-1, ...dims])], [[null, ...dims]])
    const taken = [...rewriter.dims(place)!, ...(rows > 1 ? [rows] : []), dims[1]!]
    const row = rewriter.insert(gemm, 'Gather', [...products, place], [taken], { attributes: { axis: 0 } })
    rewriter.replace(gemm, { ...gemm, opType: 'Reshape', inputs: [...row, shape(dims)], attributes: {} })
    changed = true
  }
  return changed
}
