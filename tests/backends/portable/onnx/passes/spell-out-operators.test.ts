import { expect, test } from 'vitest'
import type { GraphBuilder } from '../../../../../src/backends/portable/onnx/builder.ts'
import type { Value } from '../../../../../src/backends/portable/onnx/value.ts'
import { optimized } from './run.ts'

/** Every size there is, with both infinities, zeros and NaN, in the shape [1, 2, 64, 64]. */
const dims = [1, 2, 64, 64]
const count = 2 * 64 * 64
const xs = Float32Array.from({ length: count }, (_, i) => (i % 2 ? 1 : -1) * 2 ** ((i % 40) / 2 - 12) * (1 + i / count))
xs.set([0, -0, 1e30, -1e30, 88, -88, 104, -104, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

function expectClose(ys: readonly number[], expected: (x: number, at: number) => number, absolute: number): void {
  for (const [at, y] of ys.entries()) {
    const wanted = Math.fround(expected(xs[at]!, at))
    if (Object.is(y, wanted) || Math.abs(y - wanted) <= absolute + 1e-6 * Math.abs(wanted)) continue
    expect.fail(`${xs[at]} gave ${y}, expected ${wanted}`)
  }
}

const mish = (b: GraphBuilder, x: Value) => b.op('Mul', [x, b.op('Tanh', [b.op('Softplus', [x])])])

test('softplus', async () => {
  const { ops, ys } = await optimized({ dims, data: xs }, (b, x) => b.op('Softplus', [x]))
  expect(ops).not.toContain('Softplus')
  expectClose(ys, softplus, 1e-7)
})

test.each([
  ['x first', mish],
  ['x last', (b: GraphBuilder, x: Value) => b.op('Mul', [b.op('Tanh', [b.op('Softplus', [x])]), x])],
])('mish, %s, with its small values as exact as its large ones', async (_, build) => {
  const { ops, ys } = await optimized({ dims, data: xs }, build)
  expect(ops).not.toContain('Softplus')
  expect(ops).not.toContain('Tanh')
  expectClose(ys, (x) => x * Math.tanh(softplus(x)), 1e-30)
})

test.each([[1], [2, 1, 1]])('a slope for negative values of shape %j', async (...shape) => {
  const slopes = shape.length === 1 ? [-0.3] : [0.25, 1.5]
  const { ops, ys } = await optimized({ dims, data: xs }, (b, x) => b.op('PRelu', [x, b.constant('float32', shape, slopes)]))
  expect(ops).not.toContain('PRelu')
  expectClose(ys, (x, at) => (x >= 0 ? x : x * slopes[Math.floor(at / (count / slopes.length))]!), 0)
})

test('what has few elements stays, and flexible dimensions count as one', async () => {
  const few = { dims: [4, 8], data: xs.slice(0, 32) }
  expect((await optimized(few, mish)).ops).toEqual(['Softplus', 'Tanh', 'Mul'])
  expect((await optimized({ dims, data: xs }, mish, [null, 2, null, 64])).ops).toEqual(['Softplus', 'Tanh', 'Mul'])
  expect((await optimized({ dims, data: xs }, mish, [null, 2, 64, 64])).ops).not.toContain('Softplus')
})

test('mish whose parts others read is only spelled out as its softplus', async () => {
  const { ops } = await optimized({ dims, data: xs }, (b, x) => {
    const tanh = b.op('Tanh', [b.op('Softplus', [x])])
    return b.op('Add', [b.op('Mul', [x, tanh]), tanh])
  })
  expect(ops).toContain('Tanh')
  expect(ops).not.toContain('Softplus')
})
