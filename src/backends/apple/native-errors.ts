import { CoreMLError, type ErrorCode } from '../../errors.ts'

/** What the addon's errors carry. */
interface NativeError extends Error {
  code?: string
  domain?: string
  nativeCode?: number
  userInfo?: Record<string, string>
}

/** The addon's error as a CoreMLError; its NSError's domain, code and user info kept. */
export function fromNativeError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CoreMLError) return error
  const { code, domain, nativeCode, userInfo, message } = error as NativeError
  if (code === undefined || !code.startsWith('ERR_')) return error
  // Core ML could not fetch the key of an encrypted model, or not decrypt it with what it got.
  const encrypted = domain === 'com.apple.CoreML' && (nativeCode === 8 || nativeCode === 9)
  return new CoreMLError(encrypted ? 'ERR_MODEL_ENCRYPTED' : (code as ErrorCode), message, { cause: error, domain, nativeCode, userInfo })
}

/** Awaits native work, its errors translated. */
export async function native<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw fromNativeError(error)
  }
}

/** Calls native code that answers at once, its errors translated. */
export function nativeNow<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw fromNativeError(error)
  }
}
