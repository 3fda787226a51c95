import { CoreMLError } from '../../../errors.ts'
import type { Constant } from '../../../format/constants.ts'
import { float16ToFloat32 } from '../../../model/float16.ts'
import { elementCount, type TensorData } from '../../../model/tensor.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { FileRange, Value } from '../onnx/value.ts'
import type { QuantizedWeight } from './quantized-weight.ts'
import { computeType, type MilDtype } from './types.ts'

/** Half-precision constants above this many elements keep their form, and onnxruntime widens them as it loads. */
export const widenedHere = 1024

/** Where a constant's elements come from. */
export interface ConstantSource {
  /** One array element each, of the stored type (float16 as bits or Float16Array; below 8 bits a byte each). */
  readonly data: TensorData
  /** True where `data` is already of the type that is computed with. */
  readonly computed?: boolean
  /** Where the stored form is, if in a file. */
  readonly location?: FileRange
  /** The compressed form, where the elements follow from one. */
  readonly quantized?: QuantizedWeight
}

/** A constant tensor of an ML Program. Its elements are read when asked for, and only then. */
export class MilConstant {
  readonly kind = 'constant'
  readonly name: string
  readonly dtype: MilDtype
  readonly dims: readonly number[]
  readonly #source: ConstantSource
  #elements: TensorData | undefined
  #value: Value | undefined

  constructor(name: string, dtype: MilDtype, dims: readonly number[], source: ConstantSource) {
    this.name = name
    this.dtype = dtype
    this.dims = dims
    this.#source = source
  }

  get count(): number {
    return elementCount(this.dims)
  }

  /** Elements of the type that is computed with, see {@link computeType}. */
  get elements(): TensorData {
    this.#elements ??= this.#source.computed ? this.#source.data : widen(this.dtype, this.#source.data)
    return this.#elements
  }

  /** The compressed form, for ops that compute on it; whoever asks for elements gets them decompressed. */
  get quantized(): QuantizedWeight | undefined {
    return this.#source.quantized
  }

  /** Elements as they are stored, one array element each: narrow integers are not widened. */
  get stored(): TensorData {
    return this.#source.data
  }

  get numbers(): number[] {
    return Array.from(this.elements as ArrayLike<number | bigint>, Number)
  }

  /** The constant as a graph value. `builder` is the outermost one, whose values every inner graph sees. */
  value(builder: GraphBuilder): Value {
    this.#value ??= this.#make(builder)
    return this.#value
  }

  #make(builder: GraphBuilder): Value {
    const { location, computed } = this.#source
    if (this.dtype === 'fp32' && location && this.count > 0) return builder.weight('float32', this.dims, location, this.name)
    if (this.dtype === 'fp16' && !computed && this.count > widenedHere) {
      const half = location
        ? builder.weight('float16', this.dims, location, this.name)
        : builder.constant('float16', this.dims, this.#source.data, this.name)
      return builder.cast(half, 'float32')
    }
    return builder.constant(computeType(this.dtype), this.dims, this.elements, this.name)
  }
}

/** A constant of strings: a parameter such as a padding mode, or class labels. */
export interface MilStrings {
  readonly kind: 'strings'
  readonly values: readonly string[]
}

/** A constant list or tuple. */
export interface MilList {
  readonly kind: 'values'
  readonly values: readonly MilLiteral[]
}

export type MilLiteral = MilConstant | MilStrings | MilList

/** Stored elements in the type that is computed with. */
function widen(dtype: MilDtype, stored: TensorData): TensorData {
  if (dtype === 'fp16') return float16ToFloat32(stored as Uint16Array)
  const target = computeType(dtype)
  if (target === 'bool') return stored
  if (target === 'int64')
    return stored instanceof BigInt64Array ? stored : BigInt64Array.from(stored as unknown as ArrayLike<number>, BigInt)
  if (target === 'float32') return stored instanceof Float32Array ? stored : new Float32Array(stored as ArrayLike<number>)
  return stored instanceof Int32Array ? stored : new Int32Array(stored as ArrayLike<number>)
}

/** A constant of the file as an operand called `name`. */
export function milLiteral(name: string, constant: Constant): MilLiteral {
  switch (constant.kind) {
    case 'tensor':
      return new MilConstant(name, constant.storage, constant.dims, constant)
    case 'strings':
      return { kind: 'strings', values: constant.data }
    case 'dictionary':
      throw new CoreMLError('ERR_MODEL_INVALID', `${name} is a dictionary, which no op takes`)
    default: {
      const values = constant.values.map((item, index) => milLiteral(`${name}_${index}`, item))
      if (values.length > 0 && values.every((item) => item.kind === 'strings')) {
        return { kind: 'strings', values: values.flatMap((item) => item.values) }
      }
      return { kind: 'values', values }
    }
  }
}
