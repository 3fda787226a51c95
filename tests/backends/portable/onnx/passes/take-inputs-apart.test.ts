import { expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { elementCount, type Tensor } from '../../../../../src/model/tensor.ts'
import { numbers } from '../../../../models/sample.ts'
import { builder, run } from '../run-graph.ts'
import { opTypes } from './run.ts'

const end = 2 ** 31 - 1

/** What is left of a graph of one input of random numbers, the parts made of it, and what it computes, apart and not. */
async function apart(dims: readonly number[], build: (b: GraphBuilder, x: Value) => Value[], features = ['x']) {
  const x: Tensor = { type: 'float32', dims, data: Float32Array.from({ length: elementCount(dims) }, () => Math.random()) }
  const graphs = [0, 1].map(() => {
    const b = builder()
    build(b, b.input('x', 'float32', dims)).forEach((value, index) => {
      b.output(b.op('Neg', [value]), `y${index}`)
    })
    return b.finish('test')
  })
  const parts = optimize(graphs[1]!, new Map(features.map((name) => [name, []])))
  const results = []
  for (const [index, graph] of graphs.entries()) results.push(Object.values(await run(graph, { x }, index === 1 ? parts : [])).map(numbers))
  expect(results[1]).toEqual(results[0])
  const inputs = graphs[1]!.inputs.map(({ name }) => name)
  return { ops: opTypes(graphs[1]!).filter((op) => op !== 'Neg' && op !== 'Identity'), parts, inputs, results: results[0]! }
}

test('layers of a stacked cache are fed as views, and the cache itself no more', async () => {
  const { ops, parts, inputs, results } = await apart([3, 1, 4, 128, 64], (b, x) =>
    [0, 1, 2].map((layer) => b.squeeze(b.slice(x, [0], [layer], [layer + 1]), [0])),
  )
  expect(ops).toEqual([])
  expect(parts.map(({ of, offset, dims }) => ({ of, offset, dims }))).toEqual(
    [0, 32768, 65536].map((offset) => ({ of: 'x', offset, dims: [1, 4, 128, 64] })),
  )
  expect(inputs).toEqual(parts.map(({ name }) => name))
  expect(results.map(({ length }) => length)).toEqual([32768, 32768, 32768])
})

test('cuts are counted from the end, along single outer axes, and by Split', async () => {
  const { ops, parts, inputs } = await apart([1, 4, 16384], (b, x) => [
    b.slice(x, [-2], [-3], [-1]),
    b.slice(x, [1], [2], [end], [1]),
    ...b.ops('Split', [x, b.ints([1, 3])], { axis: 1 }, { outputs: 2 }),
  ])
  expect(ops).toEqual([])
  expect(parts.map(({ offset, dims }) => [offset, dims])).toEqual([
    [16384, [1, 2, 16384]],
    [32768, [1, 2, 16384]],
    [0, [1, 1, 16384]],
    [16384, [1, 3, 16384]],
  ])
  expect(inputs).toHaveLength(4)
})

test('an input that something else reads is fed as well', async () => {
  const { ops, inputs } = await apart([2, 16384], (b, x) => [b.slice(x, [0], [1], [2]), x])
  expect(ops).toEqual([])
  expect(inputs).toEqual(['x', expect.stringContaining('Slice')])
})

test('what is small, strewn over the input, reversed, or of an input that no caller feeds stays', async () => {
  const small = await apart([2, 16383], (b, x) => [b.slice(x, [0], [0], [1])])
  const strewn = await apart([4, 32768], (b, x) => [b.slice(x, [1], [0], [16384]), b.slice(x, [0], [0], [4], [2])])
  const twice = await apart([2, 2, 32768], (b, x) => [b.slice(x, [1], [0], [1])])
  const reversed = await apart([2, 32768], (b, x) => [b.slice(x, [0], [1], [-end], [-1])])
  const state = await apart([2, 16384], (b, x) => [b.slice(x, [0], [0], [1])], [])
  for (const { parts, inputs } of [small, strewn, twice, reversed, state]) expect({ parts, inputs }).toEqual({ parts: [], inputs: ['x'] })
  expect(strewn.ops).toEqual(['Slice', 'Slice'])
})
