import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes of a file, or of all files in a folder; behind symbolic links, too, which caches of model hubs have in the place of files. */
export function sizeOnDisk(path: string): number {
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info?.isDirectory()) return info?.size ?? 0
  return readdirSync(path).reduce((sum, name) => sum + sizeOnDisk(join(path, name)), 0)
}
