import { layerWeights, type ModelFile, readLayerWeights, type WeightParams } from '../../../format/index.ts'
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

  value(graph: GraphBuilder, params: WeightParams | undefined, dims: readonly number[], channelAxis = 0): Value {
    const key = dims.join()
    let known = this.#constants.get(params)
    if (known?.key !== key) {
      known = { key, constant: this.#constant(graph, params, dims, channelAxis) }
      this.#constants.set(params, known)
    }
    return graph.cast(known.constant, 'float32')
  }

  numbers(params: WeightParams | undefined): Float32Array {
    const { type, data } = readLayerWeights(this.#file, params, [count(params)])
    return type === 'float16' ? float16ToFloat32(data as Uint16Array) : (data as Float32Array)
  }

  bytes(params: WeightParams): Uint8Array {
    const payload = params.floatValue ?? params.float16Value ?? params.rawValue ?? params.int8RawValue
    return payload ? this.#file.readPayload(payload) : new Uint8Array()
  }

  /** Plain floats stay in the file, where onnxruntime maps them; quantized ones are decompressed into memory. */
  #constant(graph: GraphBuilder, params: WeightParams | undefined, dims: readonly number[], channelAxis: number): Value {
    const elements = dims.reduce((a, b) => a * b, 1)
    if (elements === 0) return graph.constant('float32', dims, [])
    const stored = layerWeights(this.#file, params, elements)
    if ((stored.kind === 'float32' || stored.kind === 'float16') && stored.location) {
      return graph.weight(stored.kind, dims, stored.location)
    }
    const { type, data } = readLayerWeights(this.#file, params, dims, channelAxis)
    return graph.constant(type, dims, data, 'weight')
  }
}

/** How many values a weight stores, by its bytes. */
function count(params: WeightParams | undefined): number {
  const bits = params?.quantization?.numberOfBits || 8
  if (params?.floatValue) return params.floatValue.length / 4
  if (params?.float16Value) return params.float16Value.length / 2
  return Math.floor((((params?.rawValue ?? params?.int8RawValue)?.length ?? 0) * 8) / bits)
}
