/** Element types of a {@link Tensor}: onnxruntime-common's type strings. */
export type TensorType =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'

/** `Float16Array` where the TypeScript library of the program that uses this has it (ES2025), else nothing. */
export type HalfArray = typeof globalThis extends { Float16Array: { prototype: infer Half } } ? Half : never

/** The array that holds a tensor's elements. float16 is `Float16Array` where Node has it, else the bits in a `Uint16Array`. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | HalfArray

/** An n-dimensional array in row-major order, interchangeable with onnxruntime-common's tensors. */
export interface Tensor {
  readonly type: TensorType
  readonly data: TensorData
  /** The shape; empty for a scalar. */
  readonly dims: readonly number[]
}

/** Bytes of one element. */
export const elementSize: Readonly<Record<TensorType, number>> = {
  float16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
}

type ArrayConstructor = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => TensorData

const arrayConstructors: Record<TensorType, ArrayConstructor> = {
  float16: ((globalThis as { Float16Array?: unknown }).Float16Array ?? Uint16Array) as ArrayConstructor,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((count, dim) => count * dim, 1)
}

/** A typed array of `type` over `buffer` (copied first if `byteOffset` is not aligned for it). */
export function typedArray(type: TensorType, buffer: ArrayBufferLike, byteOffset = 0, length?: number): TensorData {
  const size = elementSize[type]
  const count = length ?? Math.floor((buffer.byteLength - byteOffset) / size)
  if (byteOffset % size !== 0) return new arrayConstructors[type](buffer.slice(byteOffset, byteOffset + count * size))
  return new arrayConstructors[type](buffer, byteOffset, count)
}

/** A zero-filled typed array of `count` elements. */
export function allocate(type: TensorType, count: number): TensorData {
  return typedArray(type, new ArrayBuffer(count * elementSize[type]))
}

const { slice } = Uint8Array.prototype

/** A copy in memory of its own. The method `slice` of a Node Buffer, which is a Uint8Array too, gives a view. */
export function copyOf<Data extends ArrayBufferView>(data: Data): Data {
  // One function for typed arrays of every type.
  return slice.call(data as unknown as Uint8Array) as unknown as Data
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
