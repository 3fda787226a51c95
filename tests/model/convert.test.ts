import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convertData, fromNumbers, toNumbers } from '../../src/model/convert.ts'
import { float16Bits, float16ToFloat32, float16Value, toFloat16 } from '../../src/model/float16.ts'

describe('float16', () => {
  // Bit patterns from IEEE 754's definition of binary16.
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [1e10, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [1.5 * 2 ** -24, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 / 3, 0x3555],
    [0.1, 0x2e66],
    // Rounding to float32 first would make this a tie and lose the last bit.
    [1 + 2 ** -11 + 2 ** -40, 0x3c01],
  ])('%d is stored as %i', (value, bits) => {
    expect(float16Bits(value)).toBe(bits)
  })

  it('NaN stays NaN', () => {
    expect(float16Value(float16Bits(Number.NaN))).toBeNaN()
  })

  it('every bit pattern survives widening and rounding back', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const widened = float16ToFloat32(bits)
    const back = new Uint16Array(toFloat16(widened).buffer)
    for (let i = 0; i < 65536; i++) {
      if ((i & 0x7c00) === 0x7c00 && i & 0x3ff) expect(widened[i]).toBeNaN()
      else expect(back[i]).toBe(i)
    }
  })

  it('rounds to the nearest value', () => {
    fc.assert(
      fc.property(fc.double({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const bits = float16Bits(value)
        const error = Math.abs(float16Value(bits) - value)
        for (const neighbour of [bits - 1, bits + 1]) {
          if (((neighbour ^ bits) & 0x8000) === 0 && neighbour >= 0)
            expect(error).toBeLessThanOrEqual(Math.abs(float16Value(neighbour) - value))
        }
      }),
    )
  })
})

describe('numbers to integers: fraction dropped, clamped, NaN as 0', () => {
  const source = [1.9, -1.9, 300, -300, Number.NaN, Infinity, -Infinity, 1e30]
  it.each([
    ['int8', [1, -1, 127, -128, 0, 127, -128, 127]],
    ['uint8', [1, 0, 255, 0, 0, 255, 0, 255]],
    ['int32', [1, -1, 300, -300, 0, 2147483647, -2147483648, 2147483647]],
    ['uint32', [1, 0, 300, 0, 0, 4294967295, 0, 4294967295]],
    ['bool', [1, 1, 1, 1, 0, 1, 1, 1]],
  ] as const)('%s', (type, expected) => {
    expect(Array.from(fromNumbers(source, type) as Int32Array)).toEqual(expected)
  })

  it('int64 and uint64', () => {
    expect(Array.from(fromNumbers(source, 'int64') as BigInt64Array)).toEqual([
      1n,
      -1n,
      300n,
      -300n,
      0n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 63n - 1n,
    ])
    expect(Array.from(fromNumbers([-1n, 2n ** 70n, 5n], 'uint64') as BigUint64Array)).toEqual([0n, 2n ** 64n - 1n, 5n])
  })
})

it('64-bit integers become other types by value', () => {
  const data = new BigInt64Array([1n, -5n, 2n ** 40n])
  expect(convertData(data, 'int64', 'float32')).toEqual(new Float32Array([1, -5, 2 ** 40]))
  expect(convertData(data, 'int64', 'int32')).toEqual(new Int32Array([1, -5, 2147483647]))
  expect(Array.from(toNumbers(data, 'int64'))).toEqual([1, -5, 2 ** 40])
})

it('the same type stays in the same memory', () => {
  const data = new Float32Array([1, 2])
  expect(convertData(data, 'float32', 'float32')).toBe(data)
  const half = new Uint16Array([0x3c00])
  expect(convertData(half, 'float16', 'float16').buffer).toBe(half.buffer)
})
