import { CoreMLError } from '../../../errors.ts'
import { type Dimension, MilDataType, type ValueType } from '../../../format/index.ts'
import { bitsOf, type StorageType, storageTypeOfMil } from '../../../format/storage.ts'
import type { TensorType } from '../../../model/tensor.ts'
import type { Dim } from '../onnx/value.ts'

/** Element types of ML Programs, by the names that the `dtype` parameters of ops use. */
export type MilDtype = StorageType | 'string'

export interface MilTensorType {
  kind: 'tensor'
  dtype: MilDtype
  dims: readonly Dim[]
}

/** Type of an ML Program's variable. */
export type MilType =
  | MilTensorType
  | { kind: 'list'; element: MilType; length: Dim }
  | { kind: 'state'; tensor: MilTensorType }
  | { kind: 'dictionary' }
  | { kind: 'tuple'; types: MilType[] }

/** The type that onnxruntime computes with for an element type of the program: few kernels exist for the narrow ones. */
export function computeType(dtype: MilDtype): TensorType {
  switch (dtype) {
    case 'bool':
      return 'bool'
    case 'int64':
    case 'uint32':
    case 'uint64':
      return 'int64'
    case 'string':
      throw new CoreMLError('ERR_MODEL_UNSUPPORTED', 'tensors of strings cannot be computed with')
    default:
      return isFloat(dtype) ? 'float32' : 'int32'
  }
}

/** Inclusive bounds of an integer type that is narrower than the one it is computed in; undefined for the others. */
export function integerRange(dtype: MilDtype): readonly [number, number] | undefined {
  if (dtype === 'string' || dtype === 'bool' || isFloat(dtype) || dtype === 'int32' || dtype === 'int64' || dtype === 'uint64')
    return undefined
  const bits = bitsOf(dtype)
  return dtype.startsWith('uint') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}

export function isFloat(dtype: MilDtype): boolean {
  return dtype.startsWith('fp') || dtype === 'bf16'
}

/** The element type of a MIL DataType number. */
export function dtypeOf(number: number): MilDtype {
  if (number === MilDataType.STRING) return 'string'
  const storage = storageTypeOfMil(number)
  if (!storage) throw new CoreMLError('ERR_MODEL_INVALID', `the program uses an element type of unknown number ${number}`)
  return storage
}

/**
 * A size as the program declares it. 0 tells nothing: it is also what coremltools declares where a reshape's 0 takes over a size that is open, and
 * for all that follows from there.
 */
function declaredSize({ dimension }: Dimension): Dim {
  return (dimension.case === 'constant' && Number(dimension.value.size)) || null
}

/** A type as the program declares it. */
export function milType(type: ValueType | undefined): MilType {
  switch (type?.type.case) {
    case 'tensorType': {
      const { dataType, dimensions } = type.type.value
      return { kind: 'tensor', dtype: dtypeOf(dataType), dims: dimensions.map(declaredSize) }
    }
    case 'listType': {
      const { length, type: element } = type.type.value
      const known = length?.dimension.case === 'constant' ? Number(length.dimension.value.size) : null
      return { kind: 'list', element: milType(element), length: known }
    }
    case 'stateType': {
      const wrapped = milType(type.type.value.wrappedType)
      if (wrapped.kind !== 'tensor') throw new CoreMLError('ERR_MODEL_INVALID', 'a state of the program holds no tensor')
      return { kind: 'state', tensor: wrapped }
    }
    case 'dictionaryType':
      return { kind: 'dictionary' }
    case 'tupleType':
      return { kind: 'tuple', types: type.type.value.types.map(milType) }
    default:
      throw new CoreMLError('ERR_MODEL_INVALID', 'the program holds a value without a type')
  }
}
