import { CoreMLError } from '../../../errors.ts'
import { ArrayDataType, type ArrayFeatureType, ColorSpace, type FeatureDescription, type ImageFeatureType } from '../../../format/index.ts'
import { shapeText } from '../../../model/feature-text.ts'
import type { InputShapes } from '../lowered.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import { type ChannelOrder, levelsOf, pixelsOf, planesOf } from '../onnx/pixels.ts'
import type { Dim, Value } from '../onnx/value.ts'
import { computeType, type MilTensorType } from './types.ts'

function imageType(feature: FeatureDescription | undefined): ImageFeatureType | undefined {
  return feature?.type?.type.case === 'imageType' ? feature.type.type.value : undefined
}

function arrayType(feature: FeatureDescription | undefined): ArrayFeatureType | undefined {
  return feature?.type?.type.case === 'multiArrayType' ? feature.type.type.value : undefined
}

const channelOrder = (colorSpace: number): ChannelOrder => (colorSpace === ColorSpace.BGR ? 'bgr' : 'rgb')

/** Axis of the channels in the tensor that stands for an image: the first behind the batch, unless only the last one has as many. */
function channelAxis(name: string, dims: readonly Dim[], channels: number): number {
  if (dims.length !== 4) {
    throw new CoreMLError('ERR_MODEL_INVALID', `"${name}" is an image, but the program has it with ${dims.length} dimensions, not 4`)
  }
  return dims[1] !== channels && dims[3] === channels ? 3 : 1
}

/** The model's description may be at odds with its program, where somebody edited one of them. */
function requireSame(name: string, declared: readonly number[], dims: readonly Dim[]): void {
  if (declared.length === dims.length && dims.every((dim, axis) => dim === null || dim === declared[axis])) return
  const taken = dims.map((dim) => dim ?? '?').join('×')
  throw new CoreMLError(
    'ERR_MODEL_INVALID',
    `the model declares its input "${name}" as ${shapeText(declared)}, but its program takes ${taken || 'a scalar'}`,
  )
}

/** Declares the graph's port for an input of the function; gives the tensor that the program works on. */
export function inputPort(
  builder: GraphBuilder,
  name: string,
  type: MilTensorType,
  feature: FeatureDescription | undefined,
  shapes: InputShapes | undefined,
): Value {
  const given = shapes && Object.hasOwn(shapes, name) ? shapes[name] : undefined
  const image = imageType(feature)
  if (image === undefined) {
    const dims = given ?? type.dims
    const declared = arrayType(feature)?.shape ?? []
    if (declared.length > 0) requireSame(name, declared, type.dims)
    if (given && given.length !== type.dims.length) {
      throw new CoreMLError('ERR_INPUT', `"${name}" has ${given.length} dimensions, expected ${type.dims.length}`)
    }
    // Half precision crosses as it is: onnxruntime widens and rounds many times faster than JavaScript.
    if (type.dtype === 'fp16') return builder.cast(builder.input(name, 'float16', dims), 'float32')
    return builder.input(name, computeType(type.dtype), dims)
  }
  const { colorSpace } = image
  const colour = colorSpace === ColorSpace.RGB || colorSpace === ColorSpace.BGR
  const channels = colour ? 3 : 1
  const axis = channelAxis(name, type.dims, channels)
  requireSame(name, axis === 1 ? [1, channels, image.height, image.width] : [1, image.height, image.width, channels], type.dims)
  const [height, width] = given ? [given[0]!, given[1]!] : axis === 1 ? [type.dims[2]!, type.dims[3]!] : [type.dims[1]!, type.dims[2]!]
  if (!colour) {
    const half = colorSpace === ColorSpace.GRAYSCALE_FLOAT16
    const pixels = builder.input(name, half ? 'float16' : 'uint8', [height, width])
    return builder.unsqueeze(builder.cast(pixels, 'float32'), axis === 1 ? [0, 1] : [0, 3])
  }
  const planes = planesOf(builder, builder.input(name, 'uint8', [height, width, 4]), channelOrder(colorSpace))
  return builder.unsqueeze(axis === 1 ? planes : builder.transpose(planes, [1, 2, 0]), [0])
}

/** Declares the graph's port for an output of the function. */
export function outputPort(builder: GraphBuilder, name: string, value: Value, feature: FeatureDescription | undefined): void {
  const colorSpace = imageType(feature)?.colorSpace
  if (colorSpace === undefined) {
    const half = value.type === 'float32' && arrayType(feature)?.dataType === ArrayDataType.FLOAT16
    const typed = half ? builder.cast(value, 'float16') : value.type === 'bool' ? builder.cast(value, 'int32') : value
    // Core ML gives a single number as array of one.
    builder.output(typed.dims.length === 0 ? builder.reshape(typed, [1]) : typed, name)
    return
  }
  const colour = colorSpace === ColorSpace.RGB || colorSpace === ColorSpace.BGR
  const axis = channelAxis(name, value.dims, colour ? 3 : 1)
  const image = builder.squeeze(builder.cast(value, 'float32'), [0])
  if (colorSpace === ColorSpace.GRAYSCALE_FLOAT16) {
    builder.output(builder.cast(builder.squeeze(image, [axis - 1]), 'float16'), name)
    return
  }
  if (!colour) {
    builder.output(levelsOf(builder, builder.squeeze(image, [axis - 1])), name)
    return
  }
  const planes = axis === 1 ? image : builder.transpose(image, [2, 0, 1])
  builder.output(pixelsOf(builder, planes, channelOrder(colorSpace)), name)
}
