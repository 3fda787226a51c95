import { access } from 'node:fs/promises'
import { fileError } from '../file-error.ts'
import { modelPath } from '../model/model-source.ts'
import type { ModelToCompare } from './options.ts'

/**
 * Looks for the files of a model that are about to be read: a mistake in the last model's must not come up after the others were measured.
 * @throws CoreMLError ERR_FILE
 */
export async function requireFiles(model: ModelToCompare, given: { inputs?: string; expected?: string }): Promise<void> {
  await modelPath(model.path, 'model')
  for (const file of [model.inputs, model.expected, given.inputs, given.expected]) {
    if (file === undefined) continue
    try {
      await access(file)
    } catch (error) {
      throw fileError(file, error)
    }
  }
}
