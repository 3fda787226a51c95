import { expect, test } from 'vitest'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import { numbers } from '../../../../models/sample.ts'
import { builder, run } from '../run-graph.ts'
import { opTypes } from './run.ts'

const x = { type: 'float32' as const, dims: [2], data: Float32Array.of(2, 4) }

test('a factor of what becomes a division is an output as well', async () => {
  const b = builder()
  const input = b.input('x', 'float32', [2])
  const factor = b.op('Neg', [input])
  const product = b.op('Mul', [b.op('Div', [b.scalar(1), b.op('Sqrt', [input])]), factor])
  b.output(factor, 'factor')
  b.output(product, 'product')
  const graph = b.finish('test')
  optimize(graph)
  expect(opTypes(graph)).toEqual(['Neg', 'Sqrt', 'Div', 'Mul'])
  const results = await run(graph, { x })
  expect(numbers(results.factor!)).toEqual([-2, -4])
  expect(numbers(results.product!).map((y) => y.toFixed(5))).toEqual(['-1.41421', '-2.00000'])
})

test('a value that is two outputs, an input and a constant that are outputs', async () => {
  const b = builder()
  const input = b.input('x', 'float32', [2])
  const value = b.op('Neg', [input])
  for (const name of ['first', 'second']) b.output(value, name)
  b.output(input, 'same')
  b.output(b.floats([7]), 'known')
  const graph = b.finish('test')
  optimize(graph)
  expect(opTypes(graph)).toEqual(['Neg', 'Identity', 'Identity', 'Identity'])
  const results = Object.entries(await run(graph, { x })).map(([name, tensor]) => [name, numbers(tensor)])
  expect(Object.fromEntries(results)).toEqual({ first: [-2, -4], second: [-2, -4], same: [2, 4], known: [7] })
})

test('outputs of branches, and what branches read', async () => {
  const b = builder()
  const value = b.op('Neg', [b.input('x', 'float32', [2])])
  const branch = (opType: string) => b.subgraph([], (inner) => [inner.op(opType, [value]), value]).graph
  const branches = { then_branch: branch('Neg'), else_branch: branch('Abs') }
  const type = { type: 'float32' as const, dims: [2] }
  const [changed, kept] = b.ops('If', [b.input('c', 'bool', [])], branches, { types: [type, type] })
  b.output(value, 'value')
  b.output(changed!, 'changed')
  b.output(kept!, 'kept')
  const graph = b.finish('test')
  optimize(graph)
  expect(opTypes(graph)).toEqual(['Neg', 'If'])
  expect(opTypes(branches.else_branch)).toEqual(['Abs', 'Identity'])
  const results = await run(graph, { x, c: { type: 'bool', dims: [], data: Uint8Array.of(0) } })
  expect([results.value!, results.changed!, results.kept!].map(numbers)).toEqual([
    [-2, -4],
    [2, 4],
    [-2, -4],
  ])
})
