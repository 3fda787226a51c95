/** The error of aborted work: `name` is AbortError, `code` is ABORT_ERR as in Node's own functions, `cause` the signal's reason. */
export function abortError(signal: AbortSignal): Error {
  const { reason } = signal
  if (reason instanceof Error && reason.name === 'AbortError') return reason
  const error = new Error('The operation was aborted', { cause: reason })
  error.name = 'AbortError'
  return Object.assign(error, { code: 'ABORT_ERR' })
}

/** Throws an AbortError if the signal was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/**
 * Waits for work, and rejects with an AbortError in place of its result or error if the signal was aborted meanwhile.
 * @param discard frees a result that nobody will get
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, discard?: (result: T) => unknown): Promise<T> {
  return signal ? unlessAborted(work, signal, discard) : work
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, discard?: (result: T) => unknown): Promise<T> {
  try {
    const result = await work
    if (signal.aborted) await discard?.(result)
    throwIfAborted(signal)
    return result
  } catch (error) {
    throwIfAborted(signal)
    throw error
  }
}
