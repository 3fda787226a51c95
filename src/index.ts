export type {
  BackendName,
  ComputeUnits,
  CustomLayer,
  LoadPhase,
  PlannedOperation,
  Prediction,
  TimedRun,
  Unavailable,
} from './backends/backend.ts'
export { type BackendReport, type Devices, devices } from './devices.ts'
export { CoreMLError, type CoreMLErrorOptions, type ErrorCode } from './errors.ts'
export type { ModelBytes } from './format/index.ts'
export type { ImageInputOptions, ResizeMode } from './images/options.ts'
export { compare, compile, inspect } from './lazy.ts'
export type { CompareEvent } from './measure/events.ts'
export type { CompareOptions, ModelToCompare } from './measure/options.ts'
export type { CompareResult, ModelResult, UnitResult } from './measure/result.ts'
export type { ModelBatchOptions, ModelPredictOptions, ModelTimedRunOptions } from './model/base-model.ts'
export type { CompileOptions } from './model/compile.ts'
export type {
  DictionaryFeature,
  DimensionRange,
  FeatureDescription,
  ImageFeature,
  ModelDescription,
  MultiArrayFeature,
  ScalarFeature,
  SequenceFeature,
  ShapeFlexibility,
  SizeFlexibility,
  StateFeature,
} from './model/description.ts'
export { Model, type ModelLoadOptions } from './model/model.ts'
export type { ModelSource } from './model/model-source.ts'
export type { ModelState } from './model/state.ts'
export type {
  CompressionSummary,
  FunctionSummary,
  ModelPart,
  ModelSummary,
  UpdateParameter,
  UpdateSummary,
  WeightSummary,
  WeightTypeSummary,
} from './model/summary.ts'
export type { Tensor, TensorData, TensorType } from './model/tensor.ts'
export type { Dictionary, Features, FeatureValue, Image, ImageFormat, Sequence } from './model/values.ts'
