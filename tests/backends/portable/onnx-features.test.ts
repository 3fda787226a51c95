import { describe, expect, test } from 'vitest'
import { featurePorts, feedsOf } from '../../../src/backends/portable/onnx-features.ts'
import type { PortValue } from '../../../src/backends/portable/runtime/messages.ts'
import type { FeatureDescription } from '../../../src/model/description.ts'
import type { Tensor, TensorType } from '../../../src/model/tensor.ts'
import { expectValue, loadFixture, readFixture } from './mil/corpus.ts'

const feature = {
  name: 'x',
  description: '',
  optional: false,
  type: 'multiArray',
  dataType: 'float32',
  shape: [3],
  flexibility: { kind: 'fixed' },
} as unknown as FeatureDescription

const float32 = (...values: number[]): Tensor => ({ type: 'float32', data: Float32Array.from(values), dims: [values.length] })

function feed(x: Tensor, spare?: Tensor, type: TensorType = 'float32'): PortValue {
  return feedsOf(featurePorts([feature], [{ name: 'x', type, dims: [null] }]), { x }, spare && [spare.data])[0]!
}

describe('feeds', () => {
  test('are copies: in memory of an earlier run where it fits', () => {
    const [x, spare] = [float32(1, 2, 3), float32(7, 8, 9)]
    const fed = feed(x, spare)
    expect(fed.data).toBe(spare.data)
    expect(Array.from(fed.data as Float32Array)).toEqual([1, 2, 3])
    expect(feed(x).data.buffer).not.toBe(x.data.buffer)
  })

  test('have fresh memory for another size or type', () => {
    const fed = feed(float32(1, 2), float32(7, 8, 9))
    expect(fed).toEqual({ data: Float32Array.of(1, 2), dims: [2] })
    const integers: Tensor = { type: 'int32', data: Int32Array.of(4, 5, 6), dims: [3] }
    expect(feed(float32(1, 2, 3), integers).data).toEqual(Float32Array.of(1, 2, 3))
  })

  test('of another type than the port are converted', () => {
    expect(feed(float32(1.5, -2.5, 3), float32(7, 8, 9), 'int32')).toEqual({
      data: Int32Array.of(1, -2, 3),
      dims: [3],
    })
  })
})

test('predictions one after the other and at once, of different shapes, have their own inputs', async () => {
  const { cases, tolerance } = readFixture('flexible')
  const order = [0, 1, 1, 2, 0, 0, 2, 1]
  const model = await loadFixture('flexible')
  const check = (found: Record<string, unknown>, index: number) => {
    for (const [name, expected] of Object.entries(cases[index]!.outputs)) expectValue(found[name], expected, tolerance, name)
  }
  try {
    for (const index of order) check(await model.predict(cases[index]!.inputs), index)
    const all = await Promise.all(order.map((index) => model.predict(cases[index]!.inputs)))
    for (const [at, found] of all.entries()) check(found, order[at]!)
    // The caller's arrays are his own all the while.
    expect(cases).toEqual(readFixture('flexible').cases)
  } finally {
    await model.dispose()
  }
})
