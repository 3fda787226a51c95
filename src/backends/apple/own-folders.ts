// Temporary folders whose names tell the process that made them: what a killed one left can be removed, and nothing that a living one uses.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Whether a process lives, another user's included. Its number may have passed to another one: what is kept for that goes later. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** A name that nobody else takes, and that {@link makerOf} reads. */
export const ownName = (prefix = '') => `${prefix}${process.pid}-${randomBytes(6).toString('hex')}`

/** The process of such a name; undefined for any other name. */
export function makerOf(name: string, prefix = ''): number | undefined {
  const pid = name.startsWith(prefix) ? /^\d+(?=-)/.exec(name.slice(prefix.length)) : null
  return pid === null ? undefined : Number(pid[0])
}

/** Makes such a folder, private, in a folder that is there. */
export async function makeOwnFolder(parent: string, prefix: string): Promise<string> {
  const folder = join(parent, ownName(prefix))
  await mkdir(folder, { mode: 0o700 })
  return folder
}

/** Removes what processes that are gone left in `parent`, as far as this one may; not what `isKept` speaks for. */
export async function removeLeftovers(parent: string, prefix: string, isKept?: (folder: string) => Promise<boolean>): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const maker = makerOf(name, prefix)
    const folder = join(parent, name)
    if (maker === undefined || isAlive(maker) || (await isKept?.(folder))) continue
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}
