import { CoreMLError } from '../errors.ts'
import { elementCount, type TensorData, typedArray } from '../model/tensor.ts'
import type { Payload } from './gen/common_pb.ts'
import type { Quantization, WeightParams } from './gen/layers_pb.ts'
import type { ModelFile } from './open.ts'
import type { FileLocation } from './source.ts'
import { unpackBits } from './weights.ts'

/** Weights of a neural network layer, as stored: plain floats, or integers that stand for floats. */
export type LayerWeights =
  | { kind: 'float32' | 'float16'; payload: Payload; location: FileLocation | undefined }
  | { kind: 'quantized'; payload: Payload; bits: number; quantization: Quantization }
  /** Signed bytes for matrix products in int8. */
  | { kind: 'int8'; payload: Payload; quantization: Quantization | undefined }

function invalid(file: ModelFile, problem: string): never {
  throw new CoreMLError('ERR_MODEL_INVALID', `${file.path} is no valid model: weights ${problem}`)
}

function checkLength(file: ModelFile, payload: Payload, bits: number, count: number, spare = false): void {
  const expected = Math.ceil((count * bits) / 8)
  if (payload.length === expected || (spare && payload.length > expected)) return
  invalid(file, `of ${payload.length} bytes, expected ${expected} for ${count} values of ${bits} bits`)
}

/** Where the output channels of a weight lie: along `axis`, or, for a grouped deconvolution, those of each group along it. */
export interface ChannelLayout {
  axis: number
  /** Equal parts of the first dimension, each with output channels of its own; one when absent. */
  groups?: number
}

/**
 * How `weights` store their `count` values. Throws ERR_MODEL_INVALID if there are fewer, none, or more floats. Bytes behind quantized values are
 * left alone, as by Apple's validator, which asks only for enough of them.
 */
export function layerWeights(file: ModelFile, weights: WeightParams | undefined, count: number): LayerWeights {
  if (weights?.floatValue?.length) {
    checkLength(file, weights.floatValue, 32, count)
    return { kind: 'float32', payload: weights.floatValue, location: file.location(weights.floatValue) }
  }
  if (weights?.float16Value?.length) {
    checkLength(file, weights.float16Value, 16, count)
    return { kind: 'float16', payload: weights.float16Value, location: file.location(weights.float16Value) }
  }
  if (weights?.int8RawValue?.length) {
    checkLength(file, weights.int8RawValue, 8, count, true)
    return { kind: 'int8', payload: weights.int8RawValue, quantization: weights.quantization }
  }
  if (weights?.rawValue?.length) {
    const { quantization } = weights
    if (quantization === undefined) invalid(file, 'are quantized, and the quantization is missing')
    const bits = quantization.numberOfBits
    if (bits < 1 || bits > 8) invalid(file, `are quantized to ${bits} bits, expected 1 to 8`)
    checkLength(file, weights.rawValue, bits, count, true)
    return { kind: 'quantized', payload: weights.rawValue, bits, quantization }
  }
  return invalid(file, `are empty, expected ${count} values`)
}

/**
 * Reads weights as floats: float32, or float16 where they are stored so; quantized ones as float32.
 * `channels` says where the output channels lie, to which scales and biases belong.
 * Throws ERR_MODEL_INVALID if number and form do not fit.
 */
export function readLayerWeights(
  file: ModelFile,
  weights: WeightParams | undefined,
  shape: readonly number[],
  channels: ChannelLayout = { axis: 0 },
): { type: 'float32' | 'float16'; data: TensorData } {
  const count = elementCount(shape)
  const stored = layerWeights(file, weights, count)
  const bytes = file.readPayload(stored.payload)
  switch (stored.kind) {
    case 'float32':
    case 'float16':
      return { type: stored.kind, data: typedArray(stored.kind, bytes.buffer, bytes.byteOffset, count) }
    case 'int8': {
      const integers = new Int8Array(bytes.buffer, bytes.byteOffset, count)
      return { type: 'float32', data: dequantize(file, integers, stored.quantization, shape, channels) }
    }
    case 'quantized': {
      const integers = unpackBits(bytes, stored.bits, count, { first: 'high' })
      return { type: 'float32', data: dequantize(file, integers, stored.quantization, shape, channels) }
    }
  }
}

function dequantize(
  file: ModelFile,
  integers: Int8Array | Uint8Array,
  quantization: Quantization | undefined,
  shape: readonly number[],
  { axis, groups = 1 }: ChannelLayout,
): Float32Array {
  const count = integers.length
  const values = new Float32Array(count)
  const type = quantization?.quantizationType
  if (type?.case === 'lookupTableQuantization') {
    const table = type.value.floatValue
    const size = 1 << (quantization?.numberOfBits ?? 0)
    if (table.length !== size) invalid(file, `have a lookup table of ${table.length} values, expected ${size}`)
    for (let i = 0; i < count; i++) values[i] = table[integers[i] as number] as number
    return values
  }
  const scale = type?.case === 'linearQuantization' && type.value.scale.length > 0 ? type.value.scale : [1]
  const bias = type?.case === 'linearQuantization' && type.value.bias.length > 0 ? type.value.bias : [0]
  const perGroup = shape[axis] ?? 1
  const all = perGroup * groups
  // The format means one of each output channel; coremltools writes a grouped deconvolution's for the channels of one group, and all groups share them.
  for (const [name, list] of [['scales', scale] as const, ['biases', bias] as const]) {
    if (![1, perGroup, all].includes(list.length)) invalid(file, `have ${list.length} ${name}, expected 1 or ${all}`)
  }
  const perChannel = elementCount(shape.slice(axis + 1))
  const inGroup = count / groups
  for (let start = 0; start < count; start += perChannel) {
    const channel = Math.floor(start / inGroup) * perGroup + ((start / perChannel) % perGroup)
    const factor = scale[channel % scale.length] as number
    const offset = bias[channel % bias.length] as number
    for (let i = start; i < start + perChannel; i++) values[i] = (integers[i] as number) * factor + offset
  }
  return values
}
