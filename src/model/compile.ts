import { selectBackend } from '../backends/select.ts'
import { orAborted, throwIfAborted } from './abort.ts'
import { checkCompiledPath } from './compiled-path.ts'
import { destinationPath, modelPath } from './model-source.ts'
import { aSignal, checkOptions } from './options.ts'

/** Options of {@link compile}. */
export interface CompileOptions {
  /** Compiling cannot be interrupted: it ends, nothing is put to the destination, and the promise rejects with an AbortError. */
  signal?: AbortSignal
}

/** See `compile` in src/lazy.ts. */
export async function compile(model: string | URL, destination: string | URL, options: CompileOptions = {}): Promise<string> {
  checkOptions<CompileOptions>('compile', options, { signal: aSignal })
  const { signal } = options
  throwIfAborted(signal)
  const source = await modelPath(model, 'compile: the first argument')
  const target = destinationPath(destination, 'compile: the second argument')
  checkCompiledPath(target)
  await selectBackend('apple')
  const { appleBackend } = await import('../backends/apple/backend.ts')
  await orAborted(appleBackend.compile(source, target, signal), signal)
  return target
}
