import { broadcast, type InferenceRule } from './infer.ts'
import type { Dim } from './value.ts'

/** Matrix products and recurrent layers. */

const matmul: InferenceRule = ([a, b], _attributes, _outputs, opType) => {
  const left = a!.dims.length === 1 ? [1, a!.dims[0]!] : a!.dims
  const right = b!.dims.length === 1 ? [b!.dims[0]!, 1] : b!.dims
  const dims: Dim[] = broadcast([left.slice(0, -2), right.slice(0, -2)])
  if (a!.dims.length > 1) dims.push(left.at(-2)!)
  if (b!.dims.length > 1) dims.push(right.at(-1)!)
  return [{ type: opType === 'MatMulInteger' ? 'int32' : a!.type, dims }]
}

const einsum: InferenceRule = (inputs, { equation }) => {
  const [left, right] = (equation as string).replaceAll(' ', '').split('->')
  const sizes = new Map<string, Dim>()
  left!.split(',').forEach((labels, index) => {
    ;[...labels].forEach((label, axis) => {
      const dim = inputs[index]!.dims[axis]!
      const known = sizes.get(label)
      if (known === undefined || known === null || known === 1) sizes.set(label, dim)
    })
  })
  return [{ type: inputs[0]!.type, dims: [...right!].map((label) => sizes.get(label) ?? null) }]
}

function recurrent(states: number): InferenceRule {
  return ([x], { hidden_size, direction }) => {
    const directions = direction === 'bidirectional' ? 2 : 1
    const [length, batch] = x!.dims
    const state = { type: x!.type, dims: [directions, batch!, hidden_size as number] }
    return [{ type: x!.type, dims: [length!, directions, batch!, hidden_size as number] }, ...Array.from({ length: states }, () => state)]
  }
}

export const contractionRules: Record<string, InferenceRule> = {
  MatMul: matmul,
  MatMulInteger: matmul,
  Gemm: ([a, b], { transA, transB }) => [{ type: a!.type, dims: [a!.dims[transA ? 1 : 0]!, b!.dims[transB ? 0 : 1]!] }],
  Einsum: einsum,
  RNN: recurrent(1),
  GRU: recurrent(1),
  LSTM: recurrent(2),
  Det: ([x]) => [{ type: x!.type, dims: x!.dims.slice(0, -2) }],
}
