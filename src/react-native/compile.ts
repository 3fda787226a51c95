import { native } from '../backends/apple/native-errors.ts'
import { CoreMLError } from '../errors.ts'
import { abortError, throwIfAborted } from '../model/abort.ts'
import type { CompileOptions } from '../model/compile.ts'
import { checkCompiledPath, isCompiledPath } from '../model/compiled-path.ts'
import { aSignal, checkOptions } from '../model/options.ts'
import { loadBinding } from './binding.ts'
import { filePath } from './file-path.ts'

/**
 * Compiles a `.mlmodel` file or `.mlpackage` folder (one that the app has downloaded, say) into a `.mlmodelc` folder of its own, to be loaded again and again.
 * @param model absolute path or `file:` URL of the model
 * @param destination absolute path or `file:` URL of the folder that is made; it must end in `.mlmodelc`, and nothing may be there
 * @returns the path of the folder
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE, ERR_MODEL_COMPILED, ERR_COMPILE, ERR_BACKEND_UNAVAILABLE; an AbortError
 */
export async function compile(model: string | URL, destination: string | URL, options: CompileOptions = {}): Promise<string> {
  checkOptions<CompileOptions>('compile', options, { signal: aSignal })
  const { signal } = options
  throwIfAborted(signal)
  const source = filePath(model, 'compile: the first argument')
  const target = filePath(destination, 'compile: the second argument')
  checkCompiledPath(target)
  if (isCompiledPath(source)) throw new CoreMLError('ERR_MODEL_COMPILED', `${source} is compiled already`)
  const binding = loadBinding()
  const compiled = await native(binding.compileModel(source))
  try {
    if (signal?.aborted) throw abortError(signal)
    await native(binding.moveCompiled(compiled, target))
    return target
  } catch (error) {
    await binding.removeCompiled(compiled).catch(() => {})
    throw error
  }
}
