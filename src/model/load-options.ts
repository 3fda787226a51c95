import { allComputeUnits, type LoadOptions } from '../backends/backend.ts'
import { aBoolean, aFunction, anObject, aSignal, aString, checkOptions, type OptionRules, oneOf } from './options.ts'

/** What loading takes on every platform. */
export type CommonLoadOptions = Pick<
  LoadOptions,
  | 'computeUnits'
  | 'functionName'
  | 'signal'
  | 'onProgress'
  | 'allowLowPrecisionAccumulationOnGPU'
  | 'optimizationHints'
  | 'modelDisplayName'
  | 'preferredMetalDevice'
>

export const commonLoadRules: OptionRules<CommonLoadOptions> = {
  computeUnits: oneOf(allComputeUnits),
  functionName: aString,
  signal: aSignal,
  onProgress: aFunction,
  allowLowPrecisionAccumulationOnGPU: aBoolean,
  optimizationHints: anObject,
  modelDisplayName: aString,
  preferredMetalDevice: aString,
}

const hintRules: OptionRules<NonNullable<LoadOptions['optimizationHints']>> = {
  reshapeFrequency: oneOf(['frequent', 'infrequent']),
  specializationStrategy: oneOf(['default', 'fastPrediction']),
}

/**
 * Checks the options of `Model.load`, the optimization hints' own among them.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function checkLoadOptions<T extends Partial<CommonLoadOptions>>(options: unknown, rules: OptionRules<T>): asserts options is T {
  checkOptions<T>('Model.load', options, rules)
  if (options.optimizationHints) checkOptions('Model.load: optimizationHints', options.optimizationHints, hintRules)
}
