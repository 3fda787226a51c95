import { randomUUID } from 'node:crypto'
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CoreMLError } from '../errors.ts'

/**
 * Writes a file that a command is told to write, and the folders that it is in. It appears when it is whole; until then, what was there stays.
 * @throws CoreMLError ERR_FILE where that cannot be done
 */
export async function writeOutput(path: string, content: Parameters<typeof writeFile>[1]): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    await mkdir(dirname(path), { recursive: true })
    const found = await lstat(path).catch(() => undefined)
    // A pipe, a terminal, a link: it stays what it is.
    if (found && !found.isFile()) return await writeFile(path, content)
    await writeFile(partial, content, { mode: found?.mode })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {})
    throw new CoreMLError('ERR_FILE', `cannot write ${path}: ${(error as Error).message}`, { cause: error })
  }
}
