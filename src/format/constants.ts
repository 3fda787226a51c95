import { CoreMLError } from '../errors.ts'
import { allocate, elementCount, type TensorData, type TensorType } from '../model/tensor.ts'
import { enumName, MilDataType } from './enums.ts'
import type { TensorType as MilTensorType, TensorValue, Value } from './gen/program_pb.ts'
import type { ModelFile } from './open.ts'
import type { FileLocation } from './source.ts'
import { type StorageType, storageTypeOfMil } from './storage.ts'
import { decodeElements, elementTypeOf } from './weights.ts'

/** A constant tensor of numbers of an ML Program. */
export interface ConstantTensor {
  kind: 'tensor'
  /** How the program stores it. */
  storage: StorageType
  /** Type of the elements of `data`. */
  type: TensorType
  /** Empty for a scalar. */
  dims: number[]
  /** Read on the first access, if it lies in a weight file. */
  readonly data: TensorData
  /** Where its stored form is, if in a weight file. */
  location?: FileLocation
}

/** A constant of any type of an ML Program. */
export type Constant =
  | ConstantTensor
  | { kind: 'strings'; dims: number[]; data: string[] }
  | { kind: 'tuple' | 'list'; values: Constant[] }
  | { kind: 'dictionary'; entries: [key: Constant, value: Constant][] }

function invalid(file: ModelFile, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${file.path} is no valid model: a constant ${problem}`)
}

/** The shape of a constant's type. Throws ERR_MODEL_INVALID if a dimension is unknown. */
function constantDims(file: ModelFile, type: MilTensorType): number[] {
  return type.dimensions.map(({ dimension }) => {
    if (dimension.case !== 'constant') invalid(file, 'has an unknown dimension')
    return dimension.value.size
  })
}

/** The constant that `value` states. Throws ERR_MODEL_INVALID if its type, shape and data disagree. */
export function readConstant(file: ModelFile, value: Value): Constant {
  const tensorType = value.type?.type.case === 'tensorType' ? value.type.type.value : undefined
  if (value.value.case === 'blobFileValue') {
    if (tensorType === undefined) invalid(file, 'in a weight file has no tensor type')
    return blobConstant(file, tensorType, value.value.value)
  }
  const immediate = value.value.value?.value
  switch (immediate?.case) {
    case 'tensor':
      if (tensorType === undefined) invalid(file, 'has no tensor type')
      return immediateTensor(file, tensorType, immediate.value)
    case 'tuple':
    case 'list':
      return { kind: immediate.case, values: immediate.value.values.map((item) => readConstant(file, item)) }
    case 'dictionary':
      return {
        kind: 'dictionary',
        entries: immediate.value.values.map(({ key, value }) => {
          if (key === undefined || value === undefined) invalid(file, 'dictionary has an entry without key or value')
          return [readConstant(file, key), readConstant(file, value)]
        }),
      }
    default:
      // An empty tensor is written as no value at all.
      if (tensorType !== undefined && elementCount(constantDims(file, tensorType)) === 0) {
        return immediateTensor(file, tensorType, undefined)
      }
      return invalid(file, 'has no value')
  }
}

function storageOf(file: ModelFile, dataType: number): StorageType {
  return storageTypeOfMil(dataType) ?? invalid(file, `has the type ${enumName(MilDataType, dataType) ?? dataType}`)
}

function checkCount(file: ModelFile, dims: number[], count: number): void {
  const expected = elementCount(dims)
  if (count !== expected) invalid(file, `of shape [${dims.join(', ')}] has ${count} values, expected ${expected}`)
}

function blobConstant(file: ModelFile, type: MilTensorType, place: { fileName: string; offset: bigint }): ConstantTensor {
  const blob = file.blob(place)
  const storage = storageOf(file, type.dataType)
  // A weight file has no bool: it holds them as uint8 or int8.
  if (blob.type !== storage && !(storage === 'bool' && (blob.type === 'uint8' || blob.type === 'int8'))) {
    invalid(file, `of type ${storage} is stored as ${blob.type} (byte ${place.offset} of ${place.fileName})`)
  }
  const dims = constantDims(file, type)
  checkCount(file, dims, blob.count)
  let data: TensorData | undefined
  return {
    kind: 'tensor',
    storage,
    type: elementTypeOf(storage),
    dims,
    location: file.location(blob),
    get data() {
      data ??= decodeElements(storage, file.readBlob(blob), blob.count).data
      return data
    },
  }
}

function immediateTensor(file: ModelFile, type: MilTensorType, tensor: TensorValue | undefined): Constant {
  const dims = constantDims(file, type)
  const values = tensor?.value
  if (type.dataType === MilDataType.STRING) {
    const strings = values?.case === 'strings' ? values.value.values : []
    checkCount(file, dims, strings.length)
    return { kind: 'strings', dims, data: strings }
  }
  const storage = storageOf(file, type.dataType)
  const elementType = elementTypeOf(storage)
  if (values?.case === 'bytes') {
    const payload = values.value.values
    const bytes = payload === undefined ? new Uint8Array(0) : file.readPayload(payload)
    return { kind: 'tensor', storage, type: elementType, dims, data: decodeElements(storage, bytes, elementCount(dims)).data }
  }
  if (values?.case === 'strings') invalid(file, `of type ${storage} holds strings`)
  const list: readonly (number | bigint | boolean)[] = values?.value?.values ?? []
  checkCount(file, dims, list.length)
  return { kind: 'tensor', storage, type: elementType, dims, data: fromList(file, storage, elementType, list) }
}

function fromList(file: ModelFile, storage: StorageType, type: TensorType, list: readonly (number | bigint | boolean)[]): TensorData {
  if (type === 'float16' || (type === 'float32' && storage !== 'fp32')) invalid(file, `of type ${storage} is not stored as bytes`)
  const data = allocate(type, list.length)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    for (let i = 0; i < list.length; i++) data[i] = BigInt(list[i] as number)
  else for (let i = 0; i < list.length; i++) data[i] = Number(list[i])
  return data
}
