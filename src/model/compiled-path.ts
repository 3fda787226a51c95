import { CoreMLError } from '../errors.ts'

/** True for the path of a model that Core ML has compiled. */
export function isCompiledPath(path: string): boolean {
  return /\.mlmodelc[/\\]?$/.test(path)
}

/**
 * Checks the path of a compiled model that is to be made.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function checkCompiledPath(path: string): void {
  if (isCompiledPath(path)) return
  throw new CoreMLError('ERR_ARGUMENT', `compile: Core ML loads compiled models from folders that end in .mlmodelc, and ${path} does not`)
}
