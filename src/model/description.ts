import type { TensorType } from './tensor.ts'

/** Inclusive bounds of one dimension; `max` is null where the model sets none. */
export interface DimensionRange {
  min: number
  max: number | null
}

/** Which shapes a feature takes besides its default one. */
export type ShapeFlexibility =
  | { kind: 'fixed' }
  /** One of these shapes, each with as many dimensions as it lists. */
  | { kind: 'enumerated'; shapes: number[][] }
  /** Each dimension within its bounds. */
  | { kind: 'range'; ranges: DimensionRange[] }

/** Sizes that an image feature takes besides its default one. */
export type SizeFlexibility =
  | { kind: 'fixed' }
  | { kind: 'enumerated'; sizes: { width: number; height: number }[] }
  | { kind: 'range'; width: DimensionRange; height: DimensionRange }

interface FeatureBase {
  name: string
  /** The model author's text; empty if none. */
  description: string
  optional: boolean
}

/** A multiarray: Core ML's MLMultiArray. */
export interface MultiArrayFeature extends FeatureBase {
  type: 'multiArray'
  dataType: TensorType
  /** The default shape; empty where the model states none. */
  shape: number[]
  flexibility: ShapeFlexibility
  /** Value of every element when an optional input is left out. */
  defaultValue?: number
  /**
   * True for inputs of networks of the first specification versions: dimensions of sequence and batch may stand in front of the shape,
   * [sequence, batch, channels, height, width] in all, or [sequence, batch, channels].
   */
  takesSequences?: boolean
}

/** An image. */
export interface ImageFeature extends FeatureBase {
  type: 'image'
  width: number
  height: number
  colorSpace: 'rgb' | 'bgr' | 'gray' | 'gray16f'
  flexibility: SizeFlexibility
}

/** A dictionary with string or integer keys. */
export interface DictionaryFeature extends FeatureBase {
  type: 'dictionary'
  keyType: 'string' | 'int64'
}

/** A sequence of strings or integers; `length` holds its bounds where stated. */
export interface SequenceFeature extends FeatureBase {
  type: 'sequence'
  elementType: 'string' | 'int64'
  length?: DimensionRange
}

/** A single number or string. */
export interface ScalarFeature extends FeatureBase {
  type: 'int64' | 'double' | 'string'
}

/** A state: a tensor that lives from one prediction to the next. */
export interface StateFeature extends FeatureBase {
  type: 'state'
  dataType: TensorType
  shape: number[]
}

/** One input, output or state of a model. */
export type FeatureDescription = MultiArrayFeature | ImageFeature | DictionaryFeature | SequenceFeature | ScalarFeature | StateFeature

/** What a model (or one function of it) takes and gives. */
export interface ModelDescription {
  inputs: FeatureDescription[]
  outputs: FeatureDescription[]
  states: StateFeature[]
  /** The output that holds the label, for classifiers. */
  predictedFeatureName?: string
  /** The output that holds label probabilities, for classifiers. */
  predictedProbabilitiesName?: string
  /** The labels of a classifier, in the model's order. */
  classLabels?: (string | number | bigint)[]
  /**
   * Names that the option `functionName` takes: of a model with several functions, as its file lists them, the default one first. Empty for every other
   * model; absent where nothing tells (a compiled model before macOS 15).
   */
  functions?: string[]
  metadata: { shortDescription: string; version: string; author: string; license: string; userDefined: Record<string, string> }
}
