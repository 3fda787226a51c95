import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import { thresholded } from '../../../../../src/backends/portable/onnx/thresholded.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const xs = [-4, -3, -2.5, -1, 0, 1, 2.5, 3, 4]

function gated(threshold: number, alpha: number, product: (b: GraphBuilder, w: Value, gate: Value) => Value) {
  return optimized({ data: Float32Array.from(xs), dims: [xs.length] }, (b, x) => {
    const w = thresholded(b, x, threshold)
    return product(b, w, b.op('HardSigmoid', [w], { alpha, beta: 0.5 }))
  })
}

function expected(threshold: number, alpha: number) {
  return xs.map((x) => (x >= threshold ? x * Math.min(Math.max(alpha * x + 0.5, 0), 1) : 0))
}

function expectClose(ys: readonly number[], wanted: readonly number[]) {
  ys.forEach((y, index) => {
    expect(y).toBeCloseTo(wanted[index]!, 6)
  })
}

describe('a thresholded value times its hard sigmoid', () => {
  test('becomes HardSwish, in either order', async () => {
    for (const inputs of [(w: Value, gate: Value) => [w, gate], (w: Value, gate: Value) => [gate, w]]) {
      const { ops, ys } = await gated(-3, Math.fround(1 / 6), (b, w, gate) => b.op('Mul', inputs(w, gate)))
      expect(ops).toEqual(['HardSwish'])
      expectClose(ys, expected(-3, 1 / 6))
    }
  })

  test('stays where its numbers are others', async () => {
    for (const [threshold, alpha] of [
      [-2.5, Math.fround(1 / 6)],
      [-3, 0.1666259765625],
    ] as const) {
      const { ops, ys } = await gated(threshold, alpha, (b, w, gate) => b.op('Mul', [w, gate]))
      expect(ops).toEqual(['ThresholdedRelu', 'HardSigmoid', 'Mul'])
      expectClose(ys, expected(threshold, alpha))
    }
  })

  test('stays where one of them is read elsewhere', async () => {
    const { ops, ys } = await gated(-3, Math.fround(1 / 6), (b, w, gate) => b.op('Add', [b.op('Mul', [w, gate]), gate]))
    expect(ops).toContain('HardSigmoid')
    expectClose(
      ys,
      expected(-3, 1 / 6).map((y, index) => y + Math.min(Math.max((xs[index]! >= -3 ? xs[index]! : 0) / 6 + 0.5, 0), 1)),
    )
  })
})

test('a threshold keeps what equals it', async () => {
  const smallest = 2 ** -149
  for (const threshold of [-3, 0, smallest, 0.8]) {
    const data = Float32Array.from([threshold - 1, Math.fround(threshold), threshold + 1, -smallest])
    const { ys } = await optimized({ data, dims: [4] }, (b, x) => thresholded(b, x, threshold))
    expect(ys).toEqual([...data].map((x) => (x >= Math.fround(threshold) ? x : 0)))
  }
})
