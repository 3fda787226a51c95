import { type ModelBytes, type ModelFile, openModel } from './open.ts'

/** What `read` takes out of a model; undefined where it cannot be read or understood, which is for whoever loads it to tell. */
export async function readModel<T>(model: string | ModelBytes, read: (file: ModelFile) => T): Promise<T | undefined> {
  try {
    const file = await openModel(model)
    try {
      return read(file)
    } finally {
      file.close()
    }
  } catch {
    return undefined
  }
}
