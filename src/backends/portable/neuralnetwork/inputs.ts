import { CoreMLError } from '../../../errors.ts'
import { ArrayShapeMapping, ImageShapeMapping, type ModelFile, type NeuralNetwork, type Preprocessing } from '../../../format/index.ts'
import type { FeatureDescription, ImageFeature, MultiArrayFeature } from '../../../model/description.ts'
import { typedArray } from '../../../model/tensor.ts'
import type { InputShapes } from '../lowered.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import { planesOf } from '../onnx/pixels.ts'
import { type Dim, isStatic, UnknownDimensionError, type Value } from '../onnx/value.ts'

/** Input features as a network's layers see them: float32, in the rank that the network's mapping asks for. */

/** A feature's dimensions; those that may vary are open. */
function openDims(feature: MultiArrayFeature): Dim[] {
  const { shape, flexibility } = feature
  if (flexibility.kind === 'range') return flexibility.ranges.map(({ min, max }) => (min === max ? min : null))
  if (flexibility.kind === 'fixed') return [...shape]
  const shapes = shape.length > 0 ? [shape, ...flexibility.shapes] : flexibility.shapes
  if (shapes.some(({ length }) => length !== shapes[0]!.length)) {
    // Shapes of several ranks: each needs a graph of its own.
    throw new UnknownDimensionError({ name: feature.name, type: 'float32', dims: [null] })
  }
  return shapes[0]!.map((size, axis) => (shapes.every((other) => other[axis] === size) ? size : null))
}

/**
 * Dimensions in the order sequence, batch, channel, height, width: a vector is the channels, three dimensions are channels, height and
 * width, or sequence, batch and channels where the model declares a vector; up to five may be given.
 */
export function legacyDims<T>(dims: readonly T[], declaredRank: number, one: T): T[] {
  const spatial = declaredRank === 1 && dims.length <= 3 ? [...dims, one, one] : [...dims]
  return [...Array<T>(5 - spatial.length).fill(one), ...spatial]
}

function arrayInput(graph: GraphBuilder, feature: MultiArrayFeature, mapping: number, given: readonly number[] | undefined): Value {
  const dims = given ?? openDims(feature)
  if (dims.length === 0) throw new CoreMLError('ERR_MODEL_INVALID', `the model's input "${feature.name}" has no shape`)
  const port = graph.input(feature.name, 'float32', dims)
  if (mapping === ArrayShapeMapping.EXACT) return port
  if (dims.length > 5)
    throw new CoreMLError('ERR_INPUT', `input "${feature.name}" has ${dims.length} dimensions; the network takes at most 5`)
  return graph.reshape(port, legacyDims(graph.dims(port), feature.shape.length, 1))
}

/** Pixels as [channels, height, width] planes behind leading ones. */
function imageInput(graph: GraphBuilder, feature: ImageFeature, mapping: number, given: readonly number[] | undefined): Value {
  const { flexibility, colorSpace } = feature
  let [height, width]: Dim[] = [feature.height, feature.width]
  if (given) [height, width] = given as [number, number]
  else if (flexibility.kind === 'enumerated') {
    if (flexibility.sizes.some((size) => size.height !== height)) height = null
    if (flexibility.sizes.some((size) => size.width !== width)) width = null
  } else if (flexibility.kind === 'range') {
    if (flexibility.height.min !== flexibility.height.max) height = null
    if (flexibility.width.min !== flexibility.width.max) width = null
  }
  const leading = mapping === ImageShapeMapping.RANK4 ? [0] : [0, 1]
  if (colorSpace === 'gray' || colorSpace === 'gray16f') {
    const port = graph.input(feature.name, colorSpace === 'gray' ? 'uint8' : 'float16', [height!, width!])
    return graph.unsqueeze(graph.cast(port, 'float32'), [...leading, leading.length])
  }
  return graph.unsqueeze(planesOf(graph, graph.input(feature.name, 'uint8', [height!, width!, 4]), colorSpace), leading)
}

/** Scales an image and adds a bias to each channel, or subtracts a mean image. */
function preprocess(
  graph: GraphBuilder,
  file: ModelFile,
  image: Value,
  { preprocessor }: Preprocessing,
  feature: FeatureDescription,
): Value {
  if (preprocessor.case === 'meanImage') {
    const payload = preprocessor.value.meanImage
    const bytes = payload ? file.readPayload(payload) : new Uint8Array()
    const mean = typedArray('float32', bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const dims = image.dims.slice(-3)
    const shape = isStatic(dims) ? dims : feature.type === 'image' ? [dims[0] ?? 1, feature.height, feature.width] : [mean.length]
    return graph.op('Sub', [image, graph.constant('float32', shape, mean, 'mean')])
  }
  if (preprocessor.case !== 'scaler') return image
  const { channelScale, redBias, greenBias, blueBias, grayBias } = preprocessor.value
  const scaled = channelScale === 1 ? image : graph.op('Mul', [image, graph.scalar(channelScale)])
  const biases = { rgb: [redBias, greenBias, blueBias], bgr: [blueBias, greenBias, redBias], gray: [grayBias], gray16f: [grayBias] }
  const channels = image.dims.at(-3)
  const bias = feature.type === 'image' ? biases[feature.colorSpace] : channels === 1 ? biases.gray : biases.rgb
  if (bias.every((each) => each === 0)) return scaled
  return graph.op('Add', [scaled, graph.constant('float32', [bias.length, 1, 1], bias)])
}

/** Declares the graph's inputs and gives what the layers see of each. */
export function networkInputs(
  graph: GraphBuilder,
  file: ModelFile,
  network: NeuralNetwork,
  features: readonly FeatureDescription[],
  shapes: InputShapes | undefined,
): Map<string, Value> {
  const blobs = new Map<string, Value>()
  const onlyImage = features.filter(({ type }) => type === 'image').length === 1
  for (const feature of features) {
    let value: Value
    if (feature.type === 'image') value = imageInput(graph, feature, network.imageInputShapeMapping, shapes?.[feature.name])
    else if (feature.type === 'multiArray') value = arrayInput(graph, feature, network.arrayInputShapeMapping, shapes?.[feature.name])
    else if (feature.type === 'int64' || feature.type === 'double') {
      const number: MultiArrayFeature = { ...feature, type: 'multiArray', dataType: 'float64', shape: [1], flexibility: { kind: 'fixed' } }
      value = arrayInput(graph, number, network.arrayInputShapeMapping, undefined)
    } else {
      throw new CoreMLError(
        'ERR_MODEL_INVALID',
        `a neural network takes arrays, images and numbers: its input "${feature.name}" is a ${feature.type}`,
      )
    }
    for (const step of network.preprocessing) {
      if (step.featureName === feature.name || (step.featureName === '' && feature.type === 'image' && onlyImage)) {
        value = preprocess(graph, file, value, step, feature)
      }
    }
    blobs.set(feature.name, value)
  }
  return blobs
}
