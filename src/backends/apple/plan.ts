import type { PlannedOperation, Unavailable } from '../backend.ts'
import type { AppleBinding, NativeConfiguration, NativePlannedOperation } from './binding.ts'
import { native } from './native-errors.ts'

function planned({ name, operator, preferred, supported, cost }: NativePlannedOperation): PlannedOperation {
  return {
    name,
    // Core ML's names carry the version of the op set: "ios17.conv".
    operator: operator.replace(/^ios\d+\./, ''),
    preferred,
    supported: supported.filter((device) => device !== 'unknown'),
    cost: cost ?? { unavailable: 'Core ML estimates no cost for it' },
  }
}

/** Core ML's plan of a compiled model, or why there is none. Never of a package: Core ML aborts the process on one. */
export async function readComputePlan(
  binding: AppleBinding,
  compiledPath: string,
  configuration: NativeConfiguration,
): Promise<PlannedOperation[] | Unavailable> {
  try {
    const operations = await native(binding.computePlan(compiledPath, configuration))
    const { functionName } = configuration
    const chosen =
      functionName === undefined ? operations : operations.filter((each) => each.function === '' || each.function === functionName)
    return chosen.map(planned)
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) }
  }
}
