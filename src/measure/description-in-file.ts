import { openModel } from '../format/index.ts'
import { describeModel } from '../model/describe.ts'
import type { ModelDescription } from '../model/description.ts'

/** What a model takes and gives, before any unit has loaded it; null where only Core ML can read it, or nobody: loading tells why. */
export async function descriptionInFile(path: string, functionName?: string): Promise<ModelDescription | null> {
  try {
    const file = await openModel(path)
    try {
      return describeModel(file, functionName)
    } finally {
      file.close()
    }
  } catch {
    return null
  }
}
