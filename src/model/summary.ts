import type { SystemRequirements } from '../format/index.ts'
import type { FeatureDescription, ModelDescription, StateFeature } from './description.ts'

/** Weights of one storage type. */
export interface WeightTypeSummary {
  /** Core ML's name: `fp16`, `fp32`, `int8`, `uint4`, … */
  type: string
  /** Number of tensors. */
  tensors: number
  /** Number of values, as stored. */
  values: number
  bytes: number
}

/** Compressed weights of one kind. */
export interface CompressionSummary {
  /** The operation that decompresses, or how a neural network layer's weights are quantized: `linear 8-bit`, `lookup table 4-bit`. */
  kind: string
  /** Number of tensors. */
  tensors: number
  /** Number of values once decompressed. */
  values: number
  /** Bytes of what is stored for them. */
  bytes: number
  /** Number of the tensors that the portable backend hands to onnxruntime as stored; it decompresses the others while the model loads. */
  portableKeeps: number
}

/** What weights a model holds. */
export interface WeightSummary {
  /** Number of values of the model's weights once decompressed. */
  parameters: number
  /** Bytes on disk; what several functions share counts once. */
  bytes: number
  /** Largest first. */
  types: WeightTypeSummary[]
  compression: CompressionSummary[]
}

/** A number that training on the device uses, with the values that an app may choose. */
export interface UpdateParameter {
  name: string
  default: number | boolean
  range?: [min: number, max: number]
  allowed?: number[]
}

/** What training on the device can change. */
export interface UpdateSummary {
  /** Layers with updatable weights, by name. */
  layers: string[]
  /** Loss functions: kind, name of the prediction, name of the target. */
  losses: { kind: string; name: string; input: string; target: string }[]
  optimizer?: string
  parameters: UpdateParameter[]
}

/** A model, or one inside a pipeline. */
export interface ModelPart {
  /** Name in the pipeline; absent at the top. */
  name?: string
  /** Core ML's name of the model type: `mlProgram`, `neuralNetworkClassifier`, `pipeline`, … */
  type: string
  specificationVersion: number
  /** Layers or operations by kind, most frequent first (constants left out); empty for other model types. */
  operations: Record<string, number>
  /** Figures of classic models: trees, nodes, support vectors, … */
  details: Record<string, number | string>
  weights: WeightSummary
  updatable?: UpdateSummary
  /** Models of a pipeline, in order. */
  models?: ModelPart[]
}

/** A function of a model. */
export interface FunctionSummary {
  name: string
  inputs: FeatureDescription[]
  outputs: FeatureDescription[]
  states: StateFeature[]
  predictedFeatureName?: string
  predictedProbabilitiesName?: string
  /** Integers beyond 2^53 as text. */
  classLabels?: (string | number)[]
  /** Its operations by kind, for ML Programs. */
  operations?: Record<string, number>
}

/** What `inspect` tells of a model: plain data that JSON can hold. */
export interface ModelSummary {
  /** As given. */
  path: string
  kind: 'mlmodel' | 'mlpackage'
  /** Bytes of all files. */
  sizeOnDisk: number
  specificationVersion: number
  /** First systems that run it, by its specification version; null if this library does not know the version. */
  requires: SystemRequirements | null
  metadata: ModelDescription['metadata']
  /** The default one first; one, `main`, for all but multi-function ML Programs. */
  functions: FunctionSummary[]
  /** Inputs of an update, for updatable models. */
  trainingInputs: FeatureDescription[]
  model: ModelPart
}
