import { CoreMLError } from '../errors.ts'
import { convertData, fromNumbers, typeOfArray } from './convert.ts'
import type { MultiArrayFeature, StateFeature } from './description.ts'
import { featureText, misfitText, shapeText, valueText } from './feature-text.ts'
import { flatten } from './nested.ts'
import { fitShape, shapeOfCount } from './shapes.ts'
import { elementCount, elementSize, type Tensor, type TensorData, type TensorType } from './tensor.ts'
import { isTensor } from './values.ts'

function refuse(feature: { name: string; type: string }, expected: string, came: string): CoreMLError {
  return new CoreMLError(
    'ERR_INPUT',
    `${feature.type === 'state' ? 'state' : 'input'} "${feature.name}": expected ${expected}, got ${came}`,
  )
}

/** What is wrong with a tensor whose type, data and dims do not belong together. */
function problemOf({ type, data, dims }: Tensor): string | undefined {
  if (typeof type !== 'string' || !(type in elementSize)) {
    return `a tensor of the unknown type ${JSON.stringify(type)} (types: ${Object.keys(elementSize).join(', ')})`
  }
  if (!Array.isArray(dims) || !dims.every((dim) => Number.isInteger(dim) && dim >= 0))
    return 'a tensor whose dims are no array of whole numbers'
  const arrayType = typeOfArray(data)
  const holds =
    arrayType === type ||
    (type === 'float16' && arrayType === 'uint16') ||
    (type === 'bool' && arrayType === 'uint8') ||
    (type === 'uint8' && arrayType === 'bool')
  if (arrayType === undefined || !holds) return `a tensor of ${type} whose data is ${valueText(data)}`
  if (data.length === elementCount(dims)) return undefined
  return `a tensor of dims ${shapeText(dims)} (${elementCount(dims)} elements) with ${data.length} elements of data`
}

/** A multiarray feature that stands for a state: its shape is fixed. */
function asMultiArray(feature: MultiArrayFeature | StateFeature): MultiArrayFeature {
  return feature.type === 'multiArray' ? feature : { ...feature, type: 'multiArray', flexibility: { kind: 'fixed' } }
}

function withShape(feature: MultiArrayFeature | StateFeature, dims: readonly number[], came: () => string): number[] {
  const array = asMultiArray(feature)
  const fitting = fitShape(array, dims)
  if (fitting) return fitting
  const misfit = misfitText(array, dims)
  throw refuse(feature, featureText(feature), misfit ? `${came()} (Core ML: ${misfit})` : came())
}

/** A flat run of elements without dims: the model must say the shape. */
function flat(feature: MultiArrayFeature | StateFeature, count: number, came: string): number[] {
  const dims = shapeOfCount(asMultiArray(feature), count)
  if (dims) return dims
  const hint =
    feature.type === 'multiArray' && feature.flexibility.kind !== 'fixed'
      ? ' (give a tensor { type, data, dims } to say which shape it is)'
      : ''
  throw refuse(feature, featureText(feature), `${came}${hint}`)
}

/**
 * A caller's value as a tensor of the declared element type, in a shape that the feature takes. Takes tensors of any numeric type, typed arrays,
 * nested arrays, and a number where one element is enough. A `Uint16Array` for a float16 feature holds float16 bits.
 */
export function coerceTensor(feature: MultiArrayFeature | StateFeature, value: unknown): Tensor {
  const type: TensorType = feature.dataType
  if (isTensor(value)) {
    const problem = problemOf(value)
    if (problem) throw refuse(feature, featureText(feature), problem)
    const dims = withShape(feature, value.dims, () => valueText(value))
    return { type, data: convertData(value.data, value.type, type), dims }
  }
  const arrayType = typeOfArray(value)
  if (arrayType !== undefined) {
    const data = value as TensorData
    const from = type === 'float16' && arrayType === 'uint16' ? 'float16' : arrayType
    return { type, data: convertData(data, from, type), dims: flat(feature, data.length, valueText(value)) }
  }
  if (Array.isArray(value)) {
    const flattened = flatten(value)
    if (typeof flattened === 'string') throw refuse(feature, featureText(feature), `an array that ${flattened}`)
    const { values, dims: given } = flattened
    const dims =
      (given.length === 1 ? shapeOfCount(asMultiArray(feature), values.length) : undefined) ??
      withShape(feature, given, () => `nested arrays of shape ${shapeText(given)}`)
    return { type, data: fromNumbers(values, type), dims }
  }
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return { type, data: fromNumbers([typeof value === 'boolean' ? Number(value) : value], type), dims: flat(feature, 1, valueText(value)) }
  }
  throw refuse(feature, `${featureText(feature)} (a tensor { type, data, dims }, a typed array or nested arrays)`, valueText(value))
}
