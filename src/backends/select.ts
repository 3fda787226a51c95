import { CoreMLError } from '../errors.ts'
import { allComputeUnits, type Backend, type BackendName, type ComputeUnits } from './backend.ts'

/** Every backend, the preferred one first. */
export const backendNames: readonly BackendName[] = ['apple', 'portable']

/** The backend that is used when none is named: `apple` where Core ML exists, else `portable`. */
export function defaultBackendName(platform: NodeJS.Platform = process.platform): BackendName {
  return platform === 'darwin' ? 'apple' : 'portable'
}

/** Loads a backend's code, whether or not it can run here. Nothing native is loaded yet. */
export async function importBackend(name: BackendName): Promise<Backend> {
  if (name === 'apple') return (await import('./apple/backend.ts')).appleBackend
  return (await import('./portable/backend.ts')).portableBackend
}

/**
 * The named backend, or the default one.
 * @throws CoreMLError ERR_BACKEND_UNAVAILABLE where it cannot run on this machine
 */
export async function selectBackend(name: BackendName = defaultBackendName()): Promise<Backend> {
  const backend = await importBackend(name)
  const available = backend.available()
  if (available !== true) {
    const other = name === 'apple' ? ' (the portable backend runs models without Core ML: backend "portable")' : ''
    throw new CoreMLError('ERR_BACKEND_UNAVAILABLE', available.unavailable + other)
  }
  return backend
}

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
