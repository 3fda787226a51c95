import { availableIf } from '../backends/apple/available.ts'
import type { AppleBinding } from '../backends/apple/binding.ts'
import { CoreMLError } from '../errors.ts'

let loaded: AppleBinding | undefined

/**
 * The addon of iOS, loaded by the first call.
 * @throws CoreMLError ERR_BACKEND_UNAVAILABLE
 */
export function loadBinding(): AppleBinding {
  try {
    // react-native-node-api's Babel plugin finds this call by its literal path, and loads the xcframework that lies beside it.
    loaded ??= require('../../prebuilds/ios/coreml.node') as AppleBinding
    return loaded
  } catch (error) {
    throw new CoreMLError(
      'ERR_BACKEND_UNAVAILABLE',
      `the native part for iOS could not be loaded (${error instanceof Error ? error.message : error}); ` +
        'the app needs react-native-node-api with its Babel plugin, and coreml-bridge among its own dependencies',
      { cause: error },
    )
  }
}

/** Whether {@link loadBinding} works here. */
export const bindingAvailable = () => availableIf(loadBinding)
