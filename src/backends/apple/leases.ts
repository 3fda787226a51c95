// Who uses an entry of the cache: Core ML may read a model's files as long as the model lives, in whatever process. Each use is a file in the entry's folder
// that tells the process by its name; that of a process that is gone counts for nothing.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, makerOf, ownName } from './own-folders.ts'

const leasesFolder = 'in-use'

/**
 * Marks an entry as used. The folder must be there: none is made where an entry was removed.
 * @returns what ends the use; undefined where there is no entry
 */
export async function lease(entry: string): Promise<(() => Promise<void>) | undefined> {
  const file = join(entry, leasesFolder, ownName())
  try {
    await mkdir(join(entry, leasesFolder), { mode: 0o700 }).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
    await writeFile(file, '', { mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    // A cache that this process may not write to, or a full disk: the entry can be used, and most likely nobody can remove it.
    return async () => {}
  }
  return () => rm(file, { force: true }).catch(() => {})
}

/** Whether a living process uses an entry. */
export async function isLeased(entry: string): Promise<boolean> {
  const folder = join(entry, leasesFolder)
  for (const name of await readdir(folder).catch(() => [])) {
    const user = makerOf(name)
    if (user !== undefined && isAlive(user)) return true
  }
  return false
}
