import type { Unavailable } from '../backend.ts'

/** True if `load` gives the addon, else why it does not. */
export function availableIf(load: () => unknown): true | Unavailable {
  try {
    load()
    return true
  } catch (error) {
    return { unavailable: (error as Error).message }
  }
}
