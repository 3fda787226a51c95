import { CoreMLError } from '../errors.ts'
import { allComputeUnits, type Backend, type ComputeUnits } from './backend.ts'

/**
 * Refuses a named unit that the backend has not here. `all` is an allow-list of whatever there is, so it is never refused.
 * @throws CoreMLError ERR_COMPUTE_UNIT_UNAVAILABLE
 */
export async function checkComputeUnits(backend: Backend, units: ComputeUnits): Promise<void> {
  if (units === 'all') return
  const present = await backend.computeUnits()
  const state = present[units]
  if (state === true) return
  const usable = allComputeUnits.filter((name) => name === 'all' || present[name] === true)
  throw new CoreMLError(
    'ERR_COMPUTE_UNIT_UNAVAILABLE',
    `computeUnits "${units}" is not available with the ${backend.name} backend on this machine: ${state.unavailable} (usable: ${usable.join(', ')})`,
  )
}
