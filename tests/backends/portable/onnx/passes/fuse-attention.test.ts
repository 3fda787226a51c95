import { describe, expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

const [heads, length, size] = [2, 512, 3]
const count = heads * length * size
/** Queries, keys and values of each head, one after the other. */
const xs = Float32Array.from({ length: 3 * count }, (_, index) => Math.sin(index * 0.7) + Math.cos(index * index * 0.01))

/** softmax(scale · query · keyᵀ) · value in float64; `number` says what the query, key and value of a head, a row and a column are. */
function expected(number: (part: number, head: number, row: number, column: number) => number, scale: number): number[] {
  const columns = [...Array(size).keys()]
  const result: number[] = []
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < length; row++) {
      const weights = Array.from({ length }, (_, key) =>
        Math.exp(scale * columns.reduce((sum, column) => sum + number(0, head, row, column) * number(1, head, key, column), 0)),
      )
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const column of columns) {
        result.push(weights.reduce((sum, weight, key) => sum + (weight / total) * number(2, head, key, column), 0))
      }
    }
  }
  return result
}

const perHead = (part: number, head: number, row: number, column: number) => xs[((part * heads + head) * length + row) * size + column]!

function parts(b: GraphBuilder, x: Value, dims: number[]): [Value, Value, Value] {
  return [0, 1, 2].map((part) => b.reshape(b.slice(x, [0], [part], [part + 1]), dims)) as [Value, Value, Value]
}

function product(b: GraphBuilder, query: Value, key: Value, alpha: number): Value {
  const dims = [...query.dims.slice(0, -1), key.dims.at(-2)!]
  const options = { domain: 'com.microsoft', types: [{ type: 'float32' as const, dims }] }
  return b.op('FusedMatMul', [query, key], { transA: 0, transB: 1, alpha }, options)
}

const input = { data: xs, dims: [3, count] }
const softmax = (b: GraphBuilder, scores: Value) => b.op('Softmax', [scores], { axis: -1 })

function expectClose(ys: number[], wanted: number[]): void {
  expect(ys.length).toBe(wanted.length)
  expect(Math.max(...ys.map((y, index) => Math.abs(y - wanted[index]!)))).toBeLessThan(1e-5)
}

describe('attention over a long sequence', () => {
  test.each([[[1, heads, length, size]], [[heads, length, size]]])('of %j is one node, its scale with it', async (dims) => {
    const { ops, ys } = await optimized(input, (b, x) => {
      const [query, key, value] = parts(b, x, dims)
      return b.op('MatMul', [softmax(b, b.op('Mul', [product(b, query, key, 0.5), b.scalar(0.25)])), value])
    })
    expect(ops).toContain('MultiHeadAttention')
    expect(ops).not.toContain('Softmax')
    expectClose(ys, expected(perHead, 0.125))
  })

  test('is one node with a key that is transposed already', async () => {
    const { ops, ys } = await optimized(input, (b, x) => {
      const [query, key, value] = parts(b, x, [1, heads, length, size])
      const scores = b.op('MatMul', [query, b.transpose(key, [0, 1, 3, 2])])
      return b.op('MatMul', [softmax(b, b.op('Div', [scores, b.scalar(2)])), value])
    })
    expect(ops).toContain('MultiHeadAttention')
    expectClose(ys, expected(perHead, 0.5))
  })

  test('is one node with heads that lie behind the sequence', async () => {
    const { ops, ys } = await optimized(input, (b, x) => {
      const [query, key, value] = parts(b, x, [1, length, heads, size]).map((part) => b.transpose(part, [0, 2, 1, 3])) as [
        Value,
        Value,
        Value,
      ]
      return b.op('MatMul', [softmax(b, product(b, query, key, 1)), value])
    })
    expect(ops).toContain('MultiHeadAttention')
    const behind = (part: number, head: number, row: number, column: number) => xs[part * count + (row * heads + head) * size + column]!
    expectClose(ys, expected(behind, 1))
  })

  test.each<[string, (b: GraphBuilder, query: Value, key: Value, value: Value) => Value]>([
    [
      'with a mask',
      (b, query, key, value) => {
        const mask = b.constant('float32', [1, length], new Float32Array(length).fill(-1))
        return b.op('MatMul', [softmax(b, b.op('Add', [product(b, query, key, 1), mask])), value])
      },
    ],
    ['over another axis', (b, query, key, value) => b.op('MatMul', [b.op('Softmax', [product(b, query, key, 1)], { axis: 2 }), value])],
    [
      'whose scores are read again',
      (b, query, key, value) => {
        const weights = softmax(b, product(b, query, key, 1))
        return b.op('Add', [b.op('MatMul', [weights, value]), b.op('ReduceMax', [weights, b.ints([-1])], { keepdims: 1 })])
      },
    ],
    [
      'over a short sequence',
      (b, query, key, value) => {
        const [short, keys, values] = [query, key, value].map((part) => b.slice(part, [2], [0], [500])) as [Value, Value, Value]
        return b.op('MatMul', [softmax(b, product(b, short, keys, 1)), values])
      },
    ],
  ])('is not fused %s', async (_, attention) => {
    const { ops } = await optimized(input, (b, x) => attention(b, ...parts(b, x, [1, heads, length, size])))
    expect(ops).not.toContain('MultiHeadAttention')
  })
})
