import type { ModelDescription } from '../../model/description.ts'
import type { AppleBinding } from './binding.ts'

/**
 * The functions of a compiled model, as Core ML tells them. Before macOS 15 it tells none, and where it cannot read them the rest of the description still
 * holds: they are absent then.
 */
export async function compiledFunctions(
  binding: AppleBinding,
  compiledPath: string | undefined,
): Promise<Pick<ModelDescription, 'functions'>> {
  if (compiledPath === undefined) return {}
  try {
    return { functions: await binding.functionNames(compiledPath) }
  } catch {
    return {}
  }
}
