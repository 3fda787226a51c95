import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const xs = [-9, -6.5, -1, 0, 0.25, 3, 6, 6.5, 20]

function bounded(build: (b: GraphBuilder, x: Value) => Value) {
  return optimized({ data: Float32Array.from(xs), dims: [xs.length] }, build)
}

describe('bounds that follow each other', () => {
  test('become one Clip', async () => {
    const { ops, ys } = await bounded((b, x) => b.op('Min', [b.op('Max', [x, b.scalar(-1)]), b.scalar(6)]))
    expect(ops).toEqual(['Clip'])
    expect(ys).toEqual([-1, -1, -1, 0, 0.25, 3, 6, 6, 6])
  })

  test('as the first converters wrote ReLU6: an upper bound between negations', async () => {
    const { ops, ys } = await bounded((b, x) => {
      const negative = b.op('Mul', [b.op('Relu', [x]), b.scalar(-1)])
      return b.op('Mul', [b.op('Max', [negative, b.scalar(-6)]), b.scalar(-1)])
    })
    expect(ops).toEqual(['Clip'])
    expect(ys).toEqual([0, 0, 0, 0, 0.25, 3, 6, 6, 6])
  })

  test('in the wrong order give the upper one', async () => {
    const { ops, ys } = await bounded((b, x) => b.op('Min', [b.op('Max', [x, b.scalar(5)]), b.scalar(3)]))
    expect(ops).toEqual(['Clip'])
    expect(ys).toEqual(xs.map(() => 3))
  })

  test('stay apart where what is between them is read elsewhere', async () => {
    const { ops, ys } = await bounded((b, x) => {
      const rectified = b.op('Relu', [x])
      return b.op('Add', [rectified, b.op('Min', [rectified, b.scalar(6)])])
    })
    expect(ops).toEqual(['Relu', 'Min', 'Add'])
    expect(ys).toEqual([0, 0, 0, 0, 0.5, 6, 12, 12.5, 26])
  })

  test('leave a doubled Relu, which has no type of its own', async () => {
    const { ops, ys } = await bounded((b, x) => b.op('Relu', [b.op('Relu', [x])]))
    expect(ops).toEqual(['Relu', 'Relu'])
    expect(ys).toEqual([0, 0, 0, 0, 0.25, 3, 6, 6.5, 20])
  })
})
