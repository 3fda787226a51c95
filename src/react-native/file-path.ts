import { CoreMLError } from '../errors.ts'

/**
 * The absolute path of a file on the device, from a path or from a `file:` URL, as React Native's libraries give them (text or a URL object).
 * @param what begins the error's message and names the argument
 * @throws CoreMLError ERR_ARGUMENT
 */
export function filePath(value: unknown, what: string): string {
  const text = typeof value === 'string' || value instanceof URL ? String(value) : undefined
  const path = text?.startsWith('file://') ? decoded(text.slice('file://'.length).replace(/^localhost(?=\/)/, '')) : text
  if (path?.startsWith('/') && !path.includes('\0')) return path
  const came = text === undefined ? `a value of type ${typeof value}` : JSON.stringify(text)
  throw new CoreMLError('ERR_ARGUMENT', `${what} must be an absolute path or a file: URL, got ${came}`)
}

/** Undefined where the percent signs make no sense. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
