import {
  type ChannelLayout,
  layerWeights,
  type ModelFile,
  type Payload,
  readLayerWeights,
  type WeightParams,
} from '../../../format/index.ts'
import { float16ToFloat32 } from '../../../model/float16.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { Value } from '../onnx/value.ts'
import type { Weights } from './layer.ts'

/** The weights of one lowering. Each becomes a constant once, however often the body of a loop is lowered. */
export class NetworkWeights implements Weights {
  readonly #file: ModelFile
  readonly #constants = new Map<WeightParams | undefined, { key: string; constant: Value }>()

  constructor(file: ModelFile) {
    this.#file = file
  }

  value(graph: GraphBuilder, params: WeightParams | undefined, dims: readonly number[], channels?: ChannelLayout): Value {
    const key = dims.join()
    let known = this.#constants.get(params)
    if (known?.key !== key) {
      known = { key, constant: this.#constant(graph, params, dims, channels) }
      this.#constants.set(params, known)
    }
    return graph.cast(known.constant, 'float32')
  }

  numbers(params: WeightParams | undefined, ...counts: [number, ...number[]]): Float32Array {
    const length = payloadOf(params)?.length ?? 0
    const exact = counts.find((each) => byteLength(params, each) === length)
    const count = exact ?? counts.find((each) => byteLength(params, each) <= length) ?? counts[0]
    const { type, data } = readLayerWeights(this.#file, params, [count])
    return type === 'float16' ? float16ToFloat32(data as Uint16Array) : (data as Float32Array)
  }

  bytes(params: WeightParams): Uint8Array {
    const payload = payloadOf(params)
    return payload ? this.#file.readPayload(payload) : new Uint8Array()
  }

  /** Plain floats stay in the file, where onnxruntime maps them; quantized ones are decompressed into memory. */
  #constant(graph: GraphBuilder, params: WeightParams | undefined, dims: readonly number[], channels?: ChannelLayout): Value {
    const elements = dims.reduce((a, b) => a * b, 1)
    if (elements === 0) return graph.constant('float32', dims, [])
    const stored = layerWeights(this.#file, params, elements)
    if ((stored.kind === 'float32' || stored.kind === 'float16') && stored.location) {
      return graph.weight(stored.kind, dims, stored.location)
    }
    const { type, data } = readLayerWeights(this.#file, params, dims, channels)
    return graph.constant(type, dims, data, 'weight')
  }
}

/** The bytes of a weight, which has one form. */
function payloadOf(params: WeightParams | undefined): Payload | undefined {
  return [params?.floatValue, params?.float16Value, params?.rawValue, params?.int8RawValue].find((each) => each?.length)
}

/** Bytes in which a weight stores `count` values. */
function byteLength(params: WeightParams | undefined, count: number): number {
  if (params?.floatValue?.length) return count * 4
  if (params?.float16Value?.length) return count * 2
  return Math.ceil((count * (params?.quantization?.numberOfBits || 8)) / 8)
}
