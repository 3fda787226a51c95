import type { LoadOptions } from '../backend.ts'
import type { NativeConfiguration } from './binding.ts'

/** The options that Core ML knows, as its MLModelConfiguration. */
export function nativeConfiguration(options: LoadOptions): NativeConfiguration {
  return {
    computeUnits: options.computeUnits,
    functionName: options.functionName,
    allowLowPrecisionAccumulationOnGPU: options.allowLowPrecisionAccumulationOnGPU,
    reshapeFrequency: options.optimizationHints?.reshapeFrequency,
    specializationStrategy: options.optimizationHints?.specializationStrategy,
    modelDisplayName: options.modelDisplayName,
    preferredMetalDevice: options.preferredMetalDevice,
  }
}
