/**
 * The package's entry in React Native (experimental), by the `react-native` condition of package.json: Core ML on iOS, through react-native-node-api.
 * Nothing that is reached from here may import a module of Node's or a package.
 */
export type { ComputeUnits, LoadPhase, PlannedOperation, Prediction, TimedRun, Unavailable } from '../backends/backend.ts'
export { CoreMLError, type CoreMLErrorOptions, type ErrorCode } from '../errors.ts'
export type { ModelBytes } from '../format/index.ts'
export type { ImageInputOptions, ResizeMode } from '../images/options.ts'
export type { ModelBatchOptions, ModelPredictOptions, ModelTimedRunOptions } from '../model/base-model.ts'
export type { CompileOptions } from '../model/compile.ts'
export type { FeatureDescription, ModelDescription } from '../model/description.ts'
export type { ModelState } from '../model/state.ts'
export type { Tensor, TensorData, TensorType } from '../model/tensor.ts'
export type { Dictionary, Features, FeatureValue, Image, ImageFormat, Sequence } from '../model/values.ts'
export { compile } from './compile.ts'
export { type Devices, devices } from './devices.ts'
export { Model, type ModelLoadOptions } from './model.ts'
