import { CoreMLError } from '../../errors.ts'
import { channelsOfFormat } from '../../images/formats.ts'
import { formatOfSpace } from '../../model/conform-image.ts'
import { convertData, toNumbers } from '../../model/convert.ts'
import type { FeatureDescription, ImageFeature, ModelDescription } from '../../model/description.ts'
import { allocate, copyOf, elementCount, type Tensor, type TensorData } from '../../model/tensor.ts'
import { type Features, type FeatureValue, type Image, isImage, isTensor } from '../../model/values.ts'
import type { ClassifierOutputs, InputShapes } from './lowered.ts'
import type { Port } from './onnx/graph.ts'
import { probabilitiesOf } from './probabilities.ts'
import type { PortValue } from './runtime/messages.ts'

/** Turns feature values into the tensors of a lowered graph, and its results back. */

/** An input feature, and the graph's port of the same name. */
export interface FeaturePort {
  feature: FeatureDescription
  port: Port
}

/** The features that the graph reads: it may have no port for others. */
export function featurePorts(features: readonly FeatureDescription[], ports: readonly Port[]): FeaturePort[] {
  const byName = new Map(ports.map((port) => [port.name, port]))
  return features.flatMap((feature) => {
    const port = byName.get(feature.name)
    return port ? { feature, port } : []
  })
}

/** The largest dimensions that an array may have, as far as the model bounds them. */
export function largestDims(feature: FeatureDescription): readonly (number | null)[] {
  if (feature.type !== 'multiArray') return []
  const { flexibility, shape } = feature
  if (flexibility.kind === 'range') return flexibility.ranges.map(({ max }) => max)
  const shapes = flexibility.kind === 'enumerated' ? [shape, ...flexibility.shapes] : [shape]
  return shape.map((_, axis) => Math.max(...shapes.map((dims) => dims[axis] ?? 0)))
}

/** Shapes of the given inputs, default ones for those that are left out. */
export function shapesOf(description: ModelDescription, inputs: Features): InputShapes {
  const shapes: InputShapes = {}
  for (const feature of description.inputs) {
    const value = inputs[feature.name]
    if (value !== undefined && isTensor(value)) shapes[feature.name] = value.dims
    else if (value !== undefined && isImage(value)) shapes[feature.name] = [value.height, value.width]
    else if (feature.type === 'multiArray') shapes[feature.name] = feature.shape
    else if (feature.type === 'image') shapes[feature.name] = [feature.height, feature.width]
  }
  return shapes
}

/**
 * What is fed to each port, in memory of its own (the caller may change his arrays, and this is handed over to another thread): that of `spare`,
 * arrays of an earlier run by port that nobody uses any more, as far as it fits.
 * An optional input that is left out gets its default value.
 */
export function feedsOf(ports: readonly FeaturePort[], inputs: Features, spare: readonly TensorData[] = []): PortValue[] {
  return ports.map(({ feature, port }, index) => {
    const value = inputs[feature.name] ?? defaultOf(feature)
    if (value === undefined) throw new CoreMLError('ERR_INPUT', `input "${feature.name}" is missing`)
    const tensor = tensorOf(feature.name, value)
    const converted = convertData(tensor.data, tensor.type, port.type)
    const data = converted.buffer === tensor.data.buffer ? copied(converted, spare[index]) : converted
    return { data, dims: tensor.dims }
  })
}

function copied(data: TensorData, into: TensorData | undefined): TensorData {
  if (into?.constructor !== data.constructor || into.length !== data.length) return copyOf(data)
  ;(into as Float32Array).set(data as Float32Array)
  return into
}

function tensorOf(name: string, value: FeatureValue): Tensor {
  if (isTensor(value)) return value
  if (isImage(value)) return pixels(value)
  if (typeof value === 'number') return { type: 'float64', data: Float64Array.of(value), dims: [1] }
  if (typeof value === 'bigint') return { type: 'int64', data: BigInt64Array.of(value), dims: [1] }
  throw new CoreMLError(
    'ERR_INPUT',
    `input "${name}": expected numbers or an image, got ${typeof value === 'string' ? 'a string' : 'a collection'}`,
  )
}

function pixels({ width, height, format = 'rgba', data }: Image): Tensor {
  if (format === 'gray16f') return { type: 'float16', data: data as Uint16Array, dims: [height, width] }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { type: 'uint8', data: bytes, dims: format === 'gray8' ? [height, width] : [height, width, 4] }
}

/** What stands for an optional input that is left out: its default value in every element, else zeros, which make a black image. */
function defaultOf(feature: FeatureDescription): FeatureValue | undefined {
  if (!feature.optional) return undefined
  switch (feature.type) {
    case 'multiArray': {
      const data = allocate('float64', elementCount(feature.shape)) as Float64Array
      return { type: 'float64', data: data.fill(feature.defaultValue ?? 0), dims: feature.shape }
    }
    case 'image': {
      const { width, height } = feature
      const format = formatOfSpace[feature.colorSpace]
      const samples = width * height * channelsOfFormat[format]
      return { width, height, format, data: format === 'gray16f' ? new Uint16Array(samples) : new Uint8Array(samples) }
    }
    case 'int64':
    case 'double':
      return 0
    default:
      return undefined
  }
}

/** Feature values of the graph's results, in the declared types. */
export function featuresOf(description: ModelDescription, results: Record<string, Tensor>, classifier?: ClassifierOutputs): Features {
  const classified = classifier ? classify(classifier, results[classifier.scores]!) : {}
  const features: Features = {}
  for (const feature of description.outputs) {
    const given = classified[feature.name]
    const tensor = results[feature.name]
    if (given !== undefined) features[feature.name] = given
    else if (tensor) features[feature.name] = featureOf(feature, tensor)
    else throw new CoreMLError('ERR_MODEL_INVALID', `nothing in the model computes its output "${feature.name}"`)
  }
  return features
}

function featureOf(feature: FeatureDescription, tensor: Tensor): FeatureValue {
  switch (feature.type) {
    case 'multiArray':
      return { type: feature.dataType, data: convertData(tensor.data, tensor.type, feature.dataType), dims: tensor.dims }
    case 'image':
      return imageOf(feature, tensor)
    case 'double':
      return toNumbers(tensor.data, tensor.type)[0]!
    case 'int64':
      return Math.trunc(toNumbers(tensor.data, tensor.type)[0]!)
    default:
      throw new CoreMLError('ERR_MODEL_INVALID', `output "${feature.name}" is declared as ${feature.type}, but the model computes an array`)
  }
}

function imageOf(feature: ImageFeature, { data, dims }: Tensor): Image {
  const [height, width] = dims as [number, number]
  return { width, height, format: formatOfSpace[feature.colorSpace], data: data as Uint8Array }
}

/** The best label (the first of equals) and label → score. */
function classify({ labels, labelFeature, probabilitiesFeature }: ClassifierOutputs, scores: Tensor): Features {
  const numbers = toNumbers(scores.data as TensorData, scores.type)
  if (numbers.length !== labels.length) {
    throw new CoreMLError('ERR_MODEL_INVALID', `the classifier has ${labels.length} labels, but computes ${numbers.length} scores`)
  }
  const features: Features = {}
  if (labelFeature !== undefined) {
    let best = 0
    for (let i = 1; i < numbers.length; i++) if (numbers[i]! > numbers[best]!) best = i
    features[labelFeature] = labels[best]!
  }
  if (probabilitiesFeature !== undefined) features[probabilitiesFeature] = probabilitiesOf(labels, numbers)
  return features
}
