import { CoreMLError } from '../../../errors.ts'
import { bytesOf, elementCount, elementSize, type TensorData, type TensorType, typedArray } from '../../../model/tensor.ts'

/** Size of one dimension; null where only a run tells. */
export type Dim = number | null

/** A range of bytes in a file, row-major little-endian elements: a weight that never passes through JavaScript unless asked for. */
export interface FileRange {
  path: string
  offset: number
  length: number
}

/** An edge of the ONNX graph. Its rank is always known, its dimensions as far as inference reaches. */
export interface Value {
  readonly name: string
  readonly type: TensorType
  readonly dims: readonly Dim[]
  /** Present on constants. */
  readonly constant?: Constant
}

/** A constant's elements: in memory, or in a file and read when first asked for. */
export class Constant {
  readonly type: TensorType
  readonly file?: FileRange
  #data: TensorData | undefined
  readonly #read: ((range: FileRange) => Uint8Array) | undefined

  constructor(type: TensorType, source: TensorData | FileRange, read?: (range: FileRange) => Uint8Array) {
    this.type = type
    if (ArrayBuffer.isView(source)) this.#data = source
    else this.file = source
    this.#read = read
  }

  get data(): TensorData {
    if (this.#data === undefined) {
      const bytes = this.#read!(this.file!)
      this.#data = typedArray(this.type, bytes.buffer, bytes.byteOffset, bytes.byteLength / elementSize[this.type])
    }
    return this.#data
  }

  get bytes(): Uint8Array {
    return bytesOf(this.data)
  }
}

/** Thrown while lowering where a dimension has to be known; the model is then lowered again for each input shape that comes. */
export class UnknownDimensionError extends Error {
  /** `unknown` is a value whose shape is not known, or something else, in words. */
  constructor(unknown: Value | string) {
    const what =
      typeof unknown === 'string' ? unknown : `the shape of ${unknown.name}, [${unknown.dims.map((dim) => dim ?? '?').join(', ')}],`
    super(`${what} is not known before a run`)
  }
}

/** True when every dimension is known. */
export function isStatic(dims: readonly Dim[]): dims is readonly number[] {
  return dims.every((dim) => dim !== null)
}

/** True when two shapes are known and the same. */
export function sameDims(dims: readonly Dim[] | undefined, others: readonly unknown[] | undefined): boolean {
  return dims !== undefined && dims.length === others?.length && dims.every((dim, axis) => dim !== null && dim === others[axis])
}

/** How many elements a shape has; null where a dimension is not known. */
export function countOf(dims: readonly Dim[]): Dim {
  return isStatic(dims) ? elementCount(dims) : null
}

/** As many elements as a shape has at least: a dimension that is not known counts as one. */
export function leastCount(dims: readonly Dim[]): number {
  return dims.reduce<number>((count, dim) => count * (dim ?? 1), 1)
}

/** What two shapes of the same rank agree on. */
export function commonDims(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  return a.map((dim, axis) => (dim === b[axis] ? dim : null))
}

/** The shape of `value`, all of it known. @throws UnknownDimensionError */
export function staticDims(value: Value): readonly number[] {
  if (!isStatic(value.dims)) throw new UnknownDimensionError(value)
  return value.dims
}

/** One dimension of `value` (negative axes count from the end). @throws UnknownDimensionError */
export function staticDim(value: Value, axis: number): number {
  const dim = value.dims.at(axis)
  if (dim === undefined) throw new CoreMLError('ERR_MODEL_INVALID', `${value.name} has ${value.dims.length} dimensions, no axis ${axis}`)
  if (dim === null) throw new UnknownDimensionError(value)
  return dim
}

/** Elements of a constant as plain numbers; undefined when `value` is no constant. */
export function constantNumbers(value: Value | undefined | null): number[] | undefined {
  return value?.constant && Array.from(value.constant.data as ArrayLike<number | bigint>, Number)
}
