import { CoreMLError } from '../errors.ts'
import type { Backend, BackendName } from './backend.ts'

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
