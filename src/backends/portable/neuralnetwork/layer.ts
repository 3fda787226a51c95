import { CoreMLError } from '../../../errors.ts'
import type { ChannelLayout, NeuralNetworkLayer, WeightParams } from '../../../format/index.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { Value } from '../onnx/value.ts'

type LayerOneof = Extract<NeuralNetworkLayer['layer'], { case: string }>

/** Name of a layer type: the field that holds its parameters in the model file. */
export type LayerKind = LayerOneof['case']

/** Parameters of a layer type. */
export type LayerParams<K extends LayerKind> = Extract<LayerOneof, { case: K }>['value']

/** Turns the weights of a model into graph constants. */
export interface Weights {
  /**
   * A weight as float32 value of the graph, decompressed where it is quantized. `channels` says where its output channels lie
   * (along the first dimension when absent).
   */
  value(graph: GraphBuilder, params: WeightParams | undefined, dims: readonly number[], channels?: ChannelLayout): Value
  /**
   * All elements of a small weight: as many as the first of `counts` that its bytes hold exactly (packed ones may hold
   * some more than they mean), or at all.
   * @throws CoreMLError ERR_MODEL_INVALID where none fits
   */
  numbers(params: WeightParams | undefined, ...counts: [number, ...number[]]): Float32Array
  /** Bytes as the file has them, for custom layers. */
  bytes(params: WeightParams): Uint8Array
}

/** What lowering one layer gets to see. All values are float32. */
export interface LayerContext<P> {
  /** The layer's own name, for messages. */
  readonly name: string
  readonly kind: LayerKind
  readonly params: P
  readonly inputs: readonly Value[]
  /** Number of outputs that the model file lists. */
  readonly outputCount: number
  readonly graph: GraphBuilder
  readonly weights: Weights
  /** False where the network runs without its sequence axis (of size 1): values have rank 4 where the format says 5. */
  readonly sequenceAxis: boolean
}

/** Lowers one layer: from its inputs to its outputs. */
export type LowerLayer<P> = (layer: LayerContext<P>) => Value | Value[]

/** A family of layer types and how each is lowered. */
export type LayerTable = { readonly [K in LayerKind]?: LowerLayer<LayerParams<K>> }

/** A defect of the model in a layer, named. */
export function invalid(layer: Pick<LayerContext<unknown>, 'name' | 'kind'>, problem: string): CoreMLError {
  return new CoreMLError('ERR_MODEL_INVALID', `layer "${layer.name}" (${layer.kind}): ${problem}`)
}

/** The `index`-th input. @throws CoreMLError ERR_MODEL_INVALID where the layer has fewer. */
export function input(layer: LayerContext<unknown>, index = 0): Value {
  const value = layer.inputs[index]
  if (!value) throw invalid(layer, `it has ${layer.inputs.length} inputs, and needs at least ${index + 1}`)
  return value
}

/** A weight of the layer, as float32. @throws CoreMLError that names the layer */
export function weight(
  layer: LayerContext<unknown>,
  params: WeightParams | undefined,
  dims: readonly number[],
  channels?: ChannelLayout,
): Value {
  try {
    return layer.weights.value(layer.graph, params, dims, channels)
  } catch (error) {
    throw error instanceof CoreMLError ? new CoreMLError(error.code, `layer "${layer.name}" (${layer.kind}): ${error.message}`) : error
  }
}

/** True where a weight has any values. */
export function isPresent(params: WeightParams | undefined): params is WeightParams {
  return [params?.floatValue, params?.float16Value, params?.rawValue, params?.int8RawValue].some((payload) => (payload?.length ?? 0) > 0)
}

/** A non-negative axis of `value`. */
export function axisOf(layer: Pick<LayerContext<unknown>, 'name' | 'kind'>, value: Value, axis: number, rank = value.dims.length): number {
  const at = axis < 0 ? axis + rank : axis
  if (at < 0 || at >= rank) throw invalid(layer, `axis ${axis} of a value of rank ${value.dims.length}`)
  return at
}
