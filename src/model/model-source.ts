import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CoreMLError } from '../errors.ts'
import { fileError } from '../file-error.ts'
import type { ModelBytes } from '../format/index.ts'
import { fileUrlOf, pathOfUrl } from './file-url.ts'
import { modelBytes } from './model-bytes.ts'

/** What {@link Model.load} takes: a path, a `file:` URL, the bytes of a `.mlmodel`, or a specification with its weight files. */
export type ModelSource = string | URL | Uint8Array | ModelBytes

/**
 * The path that a path or a `file:` URL, which may be text too, says; `what` begins the error's message and names the argument.
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE
 */
export function pathText(given: string | URL, what: string): string {
  const path = typeof given === 'string' ? (fileUrlOf(given) ?? given) : given
  if (path instanceof URL && path.protocol !== 'file:') {
    throw new CoreMLError('ERR_ARGUMENT', `${what} must be a path or a file: URL, not from ${path.protocol}`)
  }
  const refuse = (problem: string) =>
    new CoreMLError('ERR_ARGUMENT', `${what} must be a path or a file: URL of this machine, not ${problem}`)
  const text = path instanceof URL ? pathOfUrl(path, refuse) : path
  if (text.includes('\0')) throw new CoreMLError('ERR_FILE', 'a path cannot contain a null character')
  return text
}

function isPath(value: unknown): value is string | URL {
  return value instanceof URL || (typeof value === 'string' && value.length > 0)
}

/**
 * An absolute path for a file or folder to be made.
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE
 */
export function destinationPath(value: unknown, what: string): string {
  if (!isPath(value)) throw new CoreMLError('ERR_ARGUMENT', `${what} must be a path or a file: URL`)
  return resolve(pathText(value, what))
}

/**
 * The path of a model that exists, as it was given.
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE
 */
export async function givenModelPath(value: unknown, what: string): Promise<string> {
  if (!isPath(value)) throw new CoreMLError('ERR_ARGUMENT', `${what} must be the path or file: URL of a .mlmodel file or .mlpackage folder`)
  const text = pathText(value, what)
  try {
    await stat(text)
  } catch (error) {
    throw fileError(text, error)
  }
  return text
}

/**
 * The absolute path of a model that exists.
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE
 */
export async function modelPath(value: unknown, what: string): Promise<string> {
  return resolve(await givenModelPath(value, what))
}

/**
 * A model's source as the backends take it: an absolute path of something that exists, or bytes.
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE
 */
export async function modelSource(value: unknown): Promise<string | ModelBytes> {
  return modelBytes(value) ?? modelPath(value, 'Model.load: the first argument')
}
