import { expect, test } from 'vitest'
import { floatRange } from '../../../../src/backends/portable/onnx/float-range.ts'
import { builder, runGraph } from './run-graph.ts'

test('a long range does not drift', async () => {
  const b = builder()
  const ends = { start: [-3], end: [9997.05], step: [0.1] }
  const [start, end, step] = Object.keys(ends).map((name) => b.input(name, 'float32', []))
  const feeds = Object.fromEntries(
    Object.entries(ends).map(([name, value]) => [name, { type: 'float32' as const, data: Float32Array.from(value), dims: [] }]),
  )
  const [range] = await runGraph(b, [floatRange(b, start!, end!, step!)], feeds)
  expect(range!.dims).toEqual([100_001])
  const worst = [...(range!.data as Float32Array)].reduce((most, value, index) => Math.max(most, Math.abs(value - (index / 10 - 3))), 0)
  // What the roundings of step, product and sum come to near 10 000.
  expect(worst).toBeLessThan(0.002)
})
