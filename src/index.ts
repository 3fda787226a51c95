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
export { CoreMLError, type CoreMLErrorOptions, type ErrorCode } from './errors.ts'
export type { ImageInputOptions, ResizeMode } from './images/options.ts'
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
export {
  type DetailedPredictOptions,
  Model,
  type ModelLoadOptions,
  type ModelPredictOptions,
  type ModelTimedRunOptions,
} from './model/model.ts'
export type { ModelState } from './model/state.ts'
export type { Tensor, TensorData, TensorType } from './model/tensor.ts'
export type { Dictionary, Features, FeatureValue, Image, ImageFormat, Sequence } from './model/values.ts'
