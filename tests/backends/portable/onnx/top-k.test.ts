import { describe, expect, test } from 'vitest'
import { topK } from '../../../../src/backends/portable/onnx/top-k.ts'
import type { Dim } from '../../../../src/backends/portable/onnx/value.ts'
import { builder, runGraph } from './run-graph.ts'

/** The two largest of each row of three. */
async function run(declared: Dim, rows: number[][]) {
  const graph = builder()
  const x = graph.input('x', 'float32', [declared, 3])
  const outputs = topK(graph, x, graph.ints([2]), 1, true)
  expect(outputs.map(({ dims }) => dims)).toEqual([
    [declared, 2],
    [declared, 2],
  ])
  const feeds = { x: { type: 'float32' as const, data: Float32Array.from(rows.flat()), dims: [rows.length, 3] } }
  return (await runGraph(graph, outputs, feeds)).map(({ dims, data }) => ({
    dims: [...dims],
    data: Array.from(data as Float32Array, Number),
  }))
}

describe('top k', () => {
  test.each([null, 0])('of no rows are none (dimension %s)', async (declared) => {
    const none = { dims: [0, 2], data: [] }
    expect(await run(declared, [])).toEqual([none, none])
  })

  test.each([null, 2])('of rows (dimension %s)', async (declared) => {
    const [values, indices] = await run(declared, [
      [1, 3, 2],
      [6, 5, 4],
    ])
    expect(values).toEqual({ dims: [2, 2], data: [3, 2, 6, 5] })
    expect(indices!.data).toEqual([1, 2, 0, 1])
  })
})
