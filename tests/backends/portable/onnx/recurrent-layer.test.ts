import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../src/backends/portable/onnx/builder.ts'
import { recurrentLayer } from '../../../../src/backends/portable/onnx/recurrent-layer.ts'
import type { Dim, Value } from '../../../../src/backends/portable/onnx/value.ts'
import { builder, runGraph } from './run-graph.ts'

const gates = { RNN: 1, GRU: 3, LSTM: 4 }
const kinds = ['RNN', 'GRU', 'LSTM'] as const

/** Runs a layer of one input and one state; all of its weights are zeros, so every gate is ½, and what it takes in is 0. */
async function run(kind: keyof typeof gates, declared: Dim, steps: number, initial: boolean) {
  const graph: GraphBuilder = builder()
  const x = graph.input('x', 'float32', [declared, 2, 1])
  const weights = graph.constant('float32', [1, gates[kind], 1], Array(gates[kind]).fill(0))
  const state = (value: number): Value | null => (initial ? graph.constant('float32', [1, 2, 1], [value, 2 * value]) : null)
  const states = kind === 'LSTM' ? [state(4), state(8)] : [state(4)]
  const outputs = recurrentLayer(graph, kind, [x, weights, weights, null, null, ...states], { hidden_size: 1 })
  const feeds = { x: { type: 'float32' as const, data: new Float32Array(2 * steps), dims: [steps, 2, 1] } }
  return (await runGraph(graph, outputs, feeds)).map(({ dims, data }) => ({ dims: [...dims], data: Array.from(data as Float32Array) }))
}

describe.each(kinds)('%s', (kind) => {
  test.each([null, 0])('keeps its states over no steps (dimension %s)', async (declared) => {
    const [all, h, c] = await run(kind, declared, 0, true)
    expect(all).toEqual({ dims: [0, 1, 2, 1], data: [] })
    expect(h).toEqual({ dims: [1, 2, 1], data: [4, 8] })
    expect(c).toEqual(kind === 'LSTM' ? { dims: [1, 2, 1], data: [8, 16] } : undefined)
  })

  test('starts from zeros where no state is given, and stays there', async () => {
    const [all, ...states] = await run(kind, null, 0, false)
    expect(all!.data).toEqual([])
    for (const state of states) expect(state).toEqual({ dims: [1, 2, 1], data: [0, 0] })
  })

  test('tells the sizes that do not follow from a run', () => {
    const graph = builder()
    const x = graph.input('x', 'float32', [null, null, 1])
    const weights = graph.constant('float32', [2, gates[kind], 1], Array(2 * gates[kind]).fill(0))
    const [all, ...states] = recurrentLayer(graph, kind, [x, weights, weights], { hidden_size: 1, direction: 'bidirectional' })
    expect(all!.dims).toEqual([null, 2, null, 1])
    for (const state of states) expect(state.dims).toEqual([2, null, 1])
  })

  test('gives nothing for an empty batch', async () => {
    const graph = builder()
    const x = graph.input('x', 'float32', [2, null, 1])
    const weights = graph.constant('float32', [1, gates[kind], 1], Array(gates[kind]).fill(0))
    const outputs = recurrentLayer(graph, kind, [x, weights, weights], { hidden_size: 1 })
    const results = await runGraph(graph, outputs, { x: { type: 'float32' as const, data: new Float32Array(0), dims: [2, 0, 1] } })
    const [all, ...states] = results.map(({ dims }) => [...dims])
    expect(all).toEqual([2, 1, 0, 1])
    for (const state of states) expect(state).toEqual([1, 0, 1])
  })

  test.each([null, 1])('goes a step (dimension %s)', async (declared) => {
    const [all, h, c] = await run(kind, declared, 1, true)
    // h' = tanh(0), h / 2, and tanh(c / 2) / 2.
    const expected = { RNN: [0, 0], GRU: [2, 4], LSTM: [Math.tanh(4) / 2, Math.tanh(8) / 2] }[kind]
    expected.forEach((value, index) => {
      expect(h!.data[index]).toBeCloseTo(value, 6)
      expect(all!.data[index]).toBeCloseTo(value, 6)
    })
    if (kind === 'LSTM') expect(c!.data).toEqual([4, 8])
  })
})
