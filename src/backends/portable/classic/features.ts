import { CoreMLError } from '../../../errors.ts'
import { ArrayDataType, type FeatureDescription, type Model } from '../../../format/index.ts'
import { fromNumbers, toNumbers } from '../../../model/convert.ts'
import { elementCount, type Tensor, type TensorType } from '../../../model/tensor.ts'
import { type Features, type FeatureValue, isTensor } from '../../../model/values.ts'

/** A spec model with the name that messages give it. */
export interface ClassicSpec<Parameters = unknown> {
  readonly model: Model
  readonly parameters: Parameters
  readonly label: string
}

/** Computes outputs from inputs: what every classic model is. */
export interface ClassicModel {
  compute(inputs: Features): Features
  /** Computes many at once, where that is faster. */
  computeBatch?(inputs: readonly Features[]): Features[]
  dispose?(): void
}

export function invalidModel(spec: ClassicSpec, text: string): CoreMLError {
  return new CoreMLError('ERR_MODEL_INVALID', `${spec.label}: ${text}`)
}

export function invalidInput(spec: ClassicSpec, text: string): CoreMLError {
  return new CoreMLError('ERR_INPUT', `${spec.label}: ${text}`)
}

/** The input features in the model's order. */
export function inputsOf(spec: ClassicSpec): FeatureDescription[] {
  return spec.model.description?.input ?? []
}

/** The output features in the model's order. */
export function outputsOf(spec: ClassicSpec): FeatureDescription[] {
  return spec.model.description?.output ?? []
}

/** The one input of a model that takes one. */
export function soleInput(spec: ClassicSpec): FeatureDescription {
  return sole(spec, inputsOf(spec), 'input')
}

/** The one output of a model that gives one. */
export function soleOutput(spec: ClassicSpec): FeatureDescription {
  return sole(spec, outputsOf(spec), 'output')
}

function sole(spec: ClassicSpec, features: FeatureDescription[], kind: string): FeatureDescription {
  if (features.length !== 1) throw invalidModel(spec, `a ${spec.model.type.case} has exactly one ${kind}; this one has ${features.length}`)
  return features[0]!
}

/** The output called `name`, or undefined when the model has none of that name (or the name is empty). */
export function outputCalled(spec: ClassicSpec, name: string | undefined): FeatureDescription | undefined {
  return name ? outputsOf(spec).find((output) => output.name === name) : undefined
}

/** The value of a feature that has to be there. */
export function inputValue(spec: ClassicSpec, inputs: Features, name: string): FeatureValue {
  const value = inputs[name]
  if (value === undefined) throw invalidInput(spec, `input '${name}' is missing`)
  return value
}

/** A number or a tensor as numbers; 64-bit integers beyond 2^53 are rounded, as arithmetic in double has to. */
export function numbersOf(spec: ClassicSpec, name: string, value: FeatureValue): ArrayLike<number> {
  if (typeof value === 'number') return [value]
  if (typeof value === 'bigint') return [Number(value)]
  if (!isTensor(value)) throw invalidInput(spec, `input '${name}' has to be a number or a tensor`)
  return toNumbers(value.data, value.type)
}

/** One number. */
export function numberOf(spec: ClassicSpec, name: string, value: FeatureValue): number {
  const numbers = numbersOf(spec, name, value)
  if (numbers.length !== 1) throw invalidInput(spec, `input '${name}' has to be one number; it has ${numbers.length} values`)
  return numbers[0]!
}

/** How many numbers a numeric feature holds, where its description says. */
export function declaredLength(feature: FeatureDescription): number | undefined {
  const type = feature.type?.type
  if (type?.case === 'doubleType' || type?.case === 'int64Type') return 1
  if (type?.case !== 'multiArrayType' || type.value.shape.length === 0 || type.value.shapeFlexibility.case) return undefined
  return elementCount(type.value.shape)
}

const tensorTypes: Readonly<Record<number, TensorType>> = {
  [ArrayDataType.FLOAT16]: 'float16',
  [ArrayDataType.FLOAT32]: 'float32',
  [ArrayDataType.DOUBLE]: 'float64',
  [ArrayDataType.INT8]: 'int8',
  [ArrayDataType.INT32]: 'int32',
}

/** A tensor of an element type from numbers; integer types truncate. */
export function tensorOf(type: TensorType, values: ArrayLike<number>, dims: readonly number[]): Tensor {
  return { type, data: fromNumbers(values, type), dims }
}

/** Numbers in the form that a numeric output declares: a tensor of its shape (where that fits), a double, an integer. */
export function giveNumbers(output: FeatureDescription, values: ArrayLike<number>, dims?: readonly number[]): FeatureValue {
  const type = output.type?.type
  if (type?.case === 'multiArrayType') {
    const declared = type.value.shape
    const shape = dims ?? (declared.length > 0 && elementCount(declared) === values.length ? declared : [values.length])
    return tensorOf(tensorTypes[type.value.dataType] ?? 'float64', values, [...shape])
  }
  const value = values[0] ?? 0
  return type?.case === 'int64Type' ? integer((fromNumbers([value], 'int64') as BigInt64Array)[0]!) : value
}

/** An int64 of the spec as the library gives it: a number, and a bigint only beyond the safe integers. */
export function integer(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/** Whether two labels or keys are the same, where one may be a bigint and the other a number. */
export function keyOf(value: string | number | bigint): string | number | bigint {
  return typeof value === 'bigint' ? integer(value) : value
}
