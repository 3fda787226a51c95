import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import envPaths from 'env-paths'

/** One compiled model in the cache. */
export interface CacheEntry {
  /** The entry's key: a content hash. */
  key: string
  /** File name of the source model. */
  name: string
  bytes: number
  lastUsed: Date
}

/** Bytes that the cache may take, unless COREML_BRIDGE_CACHE_LIMIT (bytes) says otherwise. */
const defaultLimit = 4 * 2 ** 30

const modelFolder = 'model.mlmodelc'
const entryFile = 'entry.json'
const temporaryPrefix = '.tmp-'
/** Codes of a disk that takes no entry: the model is used uncached then. */
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST', 'ENOENT'])

/** The folder of compiled models: COREML_BRIDGE_CACHE, or the system's place for caches. */
export function cachePath(): string {
  return process.env.COREML_BRIDGE_CACHE || join(envPaths('coreml-bridge', { suffix: '' }).cache, 'compiled')
}

function cacheLimit(): number {
  const limit = Number(process.env.COREML_BRIDGE_CACHE_LIMIT)
  return Number.isFinite(limit) && limit > 0 ? limit : defaultLimit
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

async function bytesOfFolder(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const sizes = await Promise.all(
    entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** A private folder in the cache; its name tells the process, so that what a killed one left can be removed. */
async function temporaryFolder(): Promise<string> {
  const folder = join(cachePath(), `${temporaryPrefix}${process.pid}-${randomBytes(6).toString('hex')}`)
  await mkdir(cachePath(), { recursive: true, mode: 0o700 })
  await mkdir(folder, { mode: 0o700 })
  return folder
}

/** The compiled model under a key, or undefined. Marks it as used. */
export async function findCached(key: string): Promise<string | undefined> {
  const folder = join(cachePath(), key)
  try {
    // The file is written last before the folder gets its name: an entry without it is none.
    await readFile(join(folder, entryFile))
  } catch {
    return undefined
  }
  const now = new Date()
  await utimes(join(folder, entryFile), now, now).catch(() => {})
  return join(folder, modelFolder)
}

/**
 * Takes a compiled model into the cache, in one step that no other process can see half of.
 * @returns where it lies now; undefined where the disk is read-only or full, and then `compiled` is where it was.
 */
export async function addToCache(key: string, name: string, compiled: string): Promise<string | undefined> {
  let temporary: string | undefined
  try {
    temporary = await temporaryFolder()
    // Copied, not moved: if the disk fills up in the middle, the compiled model itself is still whole.
    await cp(compiled, join(temporary, modelFolder), { recursive: true })
    await writeFile(join(temporary, entryFile), JSON.stringify({ name, bytes: await bytesOfFolder(temporary) }), { mode: 0o600 })
    await publish(temporary, join(cachePath(), key))
  } catch (error) {
    if (temporary) await rm(temporary, { recursive: true, force: true }).catch(() => {})
    if (unwritable.has(codeOf(error))) return undefined
    throw error
  }
  await evict(key)
  return join(cachePath(), key, modelFolder)
}

/** Gives the finished folder its name. Another process may have been faster: its entry is as good. */
async function publish(temporary: string, entry: string): Promise<void> {
  try {
    await rename(temporary, entry)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Removes an entry so that nobody sees it half removed. */
async function removeEntry(key: string): Promise<void> {
  const doomed = join(cachePath(), `${temporaryPrefix}${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    await rename(join(cachePath(), key), doomed)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  await rm(doomed, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/** Folders that processes left which are gone. */
async function removeLeftovers(names: string[]): Promise<void> {
  for (const name of names) {
    const pid = Number(name.slice(temporaryPrefix.length).split('-')[0])
    if (name.startsWith(temporaryPrefix) && !isAlive(pid)) await rm(join(cachePath(), name), { recursive: true, force: true })
  }
}

async function folderNames(): Promise<string[]> {
  try {
    return await readdir(cachePath())
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** What is in the cache, the least recently used first. */
export async function listCache(): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = []
  for (const key of await folderNames()) {
    if (key.startsWith('.')) continue
    const file = join(cachePath(), key, entryFile)
    try {
      const { name, bytes } = JSON.parse(await readFile(file, 'utf8')) as { name: string; bytes: number }
      entries.push({ key, name: basename(String(name)), bytes, lastUsed: (await stat(file)).mtime })
    } catch {
      // Removed by another process meanwhile, or nothing of ours.
    }
  }
  return entries.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime())
}

/** Keeps the cache within its limit; the entry `keep` stays. */
async function evict(keep: string): Promise<void> {
  await removeLeftovers(await folderNames())
  const entries = await listCache()
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { key, bytes } of entries) {
    if (total <= cacheLimit()) return
    if (key === keep) continue
    await removeEntry(key)
    total -= bytes
  }
}

/** Empties the cache. @returns the bytes that were freed */
export async function clearCache(): Promise<number> {
  const entries = await listCache()
  for (const { key } of entries) await removeEntry(key)
  await removeLeftovers(await folderNames())
  return entries.reduce((sum, { bytes }) => sum + bytes, 0)
}
