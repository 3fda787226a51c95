import { float16ToFloat32, toFloat16 } from './float16.ts'
import { allocate, type TensorData, type TensorType, typedArray } from './tensor.ts'

/** Bounds of the integer types that a JavaScript number holds exactly. */
const integerBounds: Partial<Record<TensorType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
}

const bigBounds: Partial<Record<TensorType, readonly [bigint, bigint]>> = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

/** The elements as numbers, whatever the type; 64-bit integers beyond 2^53 are rounded. */
export function toNumbers(data: TensorData, type: TensorType): ArrayLike<number> {
  if (type === 'float16') return float16ToFloat32(data as Uint16Array | Float16Array)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number)
  return data
}

function clampBig(value: bigint, [low, high]: readonly [bigint, bigint]): bigint {
  return value < low ? low : value > high ? high : value
}

/** A number as a 64-bit integer: fraction dropped, clamped, NaN as 0. */
function toBig(value: number, bounds: readonly [bigint, bigint]): bigint {
  if (Number.isNaN(value)) return 0n
  if (!Number.isFinite(value)) return value > 0 ? bounds[1] : bounds[0]
  return clampBig(BigInt(Math.trunc(value)), bounds)
}

/** Converts numbers (or 64-bit integers) to an array of `to`. Fractions are dropped towards zero, integers out of range clamped, NaN becomes 0. */
export function fromNumbers(values: ArrayLike<number | bigint>, to: TensorType): TensorData {
  const big = bigBounds[to]
  if (big) {
    const out = allocate(to, values.length) as BigInt64Array | BigUint64Array
    for (let i = 0; i < out.length; i++) {
      const value = values[i]!
      out[i] = typeof value === 'bigint' ? clampBig(value, big) : toBig(value, big)
    }
    return out
  }
  const numbers =
    values.length > 0 && typeof values[0] === 'bigint'
      ? Float64Array.from(values as ArrayLike<bigint>, Number)
      : (values as ArrayLike<number>)
  if (to === 'float16') return toFloat16(numbers)
  if (to === 'float32') return new Float32Array(numbers)
  if (to === 'float64') return new Float64Array(numbers)
  const out = allocate(to, numbers.length) as Int32Array
  if (to === 'bool') {
    for (let i = 0; i < out.length; i++) out[i] = numbers[i] ? 1 : 0
    return out
  }
  const [low, high] = integerBounds[to]!
  // Storing into an integer array drops the fraction and turns NaN into 0 by itself.
  for (let i = 0; i < out.length; i++) out[i] = Math.min(high, Math.max(low, numbers[i]!))
  return out
}

/**
 * The elements of `data`, held as `from`, as an array of type `to`. Of the same type: a view of the same memory.
 * Floats become integers by dropping the fraction; what is out of range is clamped.
 */
export function convertData(data: TensorData, from: TensorType, to: TensorType): TensorData {
  if (from === to) {
    // float16 may come as bits or as Float16Array: give the form that this Node uses.
    return to === 'float16' ? typedArray(to, data.buffer, data.byteOffset, data.length) : data
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return fromNumbers(data, to)
  return fromNumbers(toNumbers(data, from), to)
}

/** The tensor type of a plain typed array. A `Uint16Array` counts as uint16, a `Uint8Array` as uint8. */
export function typeOfArray(data: unknown): TensorType | undefined {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return 'uint8'
  if (data instanceof BigInt64Array) return 'int64'
  if (data instanceof Uint16Array) return 'uint16'
  if (data instanceof Int8Array) return 'int8'
  if (data instanceof Int16Array) return 'int16'
  if (data instanceof Uint32Array) return 'uint32'
  if (data instanceof BigUint64Array) return 'uint64'
  const Float16 = (globalThis as { Float16Array?: Float16ArrayConstructor }).Float16Array
  if (Float16 && data instanceof Float16) return 'float16'
  return undefined
}
