import { CoreMLError } from '../errors.ts'
import { typeOfArray } from './convert.ts'
import type { FeatureDescription } from './description.ts'
import { featureText, valueText } from './feature-text.ts'
import { didYouMean } from './suggest.ts'
import { bytesOf, elementCount, type Tensor, type TensorData } from './tensor.ts'
import { type Features, isTensor } from './values.ts'

/**
 * Checks a caller's own arrays for outputs: declared element type, and room for the declared shape.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function checkOutputBuffers(
  features: readonly FeatureDescription[],
  given: Record<string, TensorData | Tensor>,
): Record<string, TensorData> {
  const result: Record<string, TensorData> = {}
  for (const [name, value] of Object.entries(given)) {
    const feature = features.find((candidate) => candidate.name === name)
    if (!feature) {
      const names = features.map((candidate) => candidate.name)
      throw new CoreMLError(
        'ERR_ARGUMENT',
        `outputs: the model has no output named "${name}"${didYouMean(name, names)} (outputs: ${names.join(', ')})`,
      )
    }
    const refuse = (came: string) => new CoreMLError('ERR_ARGUMENT', `outputs: "${name}" is ${featureText(feature)}, got ${came}`)
    if (feature.type !== 'multiArray') throw refuse('an array (only multiarrays can be written into the caller’s memory)')
    const data = isTensor(value) ? value.data : value
    const type = typeOfArray(data)
    const fits =
      type === feature.dataType ||
      (feature.dataType === 'float16' && type === 'uint16') ||
      (feature.dataType === 'bool' && type === 'uint8')
    if (!fits) throw refuse(valueText(value))
    const count = elementCount(feature.shape)
    if (feature.flexibility.kind === 'fixed' && feature.shape.length > 0 && data.length !== count) {
      throw refuse(`an array of ${data.length} elements where ${count} are needed`)
    }
    result[name] = data
  }
  return result
}

/**
 * Outputs in the caller's own arrays: they are filled and become the results' data, in part where a result of flexible shape leaves some of an array over.
 * @throws CoreMLError ERR_ARGUMENT where an array is too short
 */
export function fillOutputBuffers(outputs: Features, given: Record<string, TensorData>): Features {
  const filled = { ...outputs }
  for (const [name, data] of Object.entries(given)) {
    const result = outputs[name]
    if (!isTensor(result)) continue
    const { length } = result.data
    if (data.length < length)
      throw new CoreMLError(
        'ERR_ARGUMENT',
        `outputs: "${name}" came with ${length} elements (${result.dims.join(' × ')}), the array given for it has ${data.length}`,
      )
    const used = data.length === length ? data : data.subarray(0, length)
    bytesOf(used).set(bytesOf(result.data))
    filled[name] = { ...result, data: used }
  }
  return filled
}
