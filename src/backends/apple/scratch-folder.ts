import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { CoreMLError } from '../../errors.ts'
import { makeOwnFolder, removeLeftovers } from './own-folders.ts'

const prefix = 'coreml-bridge-apple-'

/** A folder of this process in the system's temporary one. Whoever makes one removes what killed processes left there. */
export async function scratchFolder(): Promise<string> {
  await removeLeftovers(tmpdir(), prefix)
  return makeOwnFolder(tmpdir(), prefix)
}

/**
 * Works with such a folder, which goes when the work is over.
 * @throws CoreMLError ERR_FILE if the disk is full, or refuses otherwise
 */
export async function inScratchFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string | undefined
  try {
    folder = await scratchFolder()
    return await work(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new CoreMLError('ERR_FILE', `a temporary copy of the model could not be made: ${(error as Error).message}`, { cause: error })
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}
