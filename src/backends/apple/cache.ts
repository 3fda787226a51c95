import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import envPaths from 'env-paths'
import { CoreMLError } from '../../errors.ts'

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

/** What the entry's file tells. */
async function readEntry(key: string): Promise<{ name: string; bytes: number }> {
  return JSON.parse(await readFile(join(cachePath(), key, entryFile), 'utf8')) as { name: string; bytes: number }
}

/**
 * Whether all of an entry is there. Its file is written last, so one without it is none; and the power may have failed after the folder got its name,
 * but before the contents of its files were on the disk.
 */
async function isWhole(key: string): Promise<boolean> {
  try {
    const { bytes } = await readEntry(key)
    return (await bytesOfFolder(join(cachePath(), key, modelFolder))) >= bytes
  } catch {
    return false
  }
}

/** The compiled model under a key, or undefined. Marks it as used. */
export async function findCached(key: string): Promise<string | undefined> {
  if (!(await isWhole(key))) return undefined
  const folder = join(cachePath(), key)
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
    await publish(temporary, key)
  } catch (error) {
    if (temporary) await rm(temporary, { recursive: true, force: true }).catch(() => {})
    // Whatever the system has against it: the model can be used uncached.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) return undefined
    throw error
  }
  await evict(key)
  return join(cachePath(), key, modelFolder)
}

/** Gives the finished folder its name. Another process may have been faster: its entry is as good, unless half of it is missing. */
async function publish(temporary: string, key: string): Promise<void> {
  try {
    await rename(temporary, join(cachePath(), key))
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error
    if (await isWhole(key)) return rm(temporary, { recursive: true, force: true })
    await removeEntry(key)
    await publish(temporary, key)
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

/** Removes the folders of processes that are gone, as far as this one may. */
async function removeLeftovers(names: string[]): Promise<void> {
  for (const name of names) {
    const pid = Number(name.slice(temporaryPrefix.length).split('-')[0])
    if (name.startsWith(temporaryPrefix) && !isAlive(pid)) {
      await rm(join(cachePath(), name), { recursive: true, force: true }).catch(() => {})
    }
  }
}

async function folderNames(): Promise<string[]> {
  try {
    return await readdir(cachePath())
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw new CoreMLError('ERR_FILE', `cannot read the cache of compiled models: ${(error as Error).message}`, { cause: error })
  }
}

/** Names of the entries, whole or not. What else may lie in a folder that the user has chosen is none of ours. */
async function entryKeys(): Promise<string[]> {
  const isOurs = (name: string) => [entryFile, modelFolder].some((part) => existsSync(join(cachePath(), name, part)))
  return (await folderNames()).filter((name) => !name.startsWith('.') && isOurs(name))
}

/** What is in the cache, the least recently used first. */
export async function listCache(): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = []
  for (const key of await entryKeys()) {
    try {
      const { name, bytes } = await readEntry(key)
      entries.push({ key, name: basename(String(name)), bytes, lastUsed: (await stat(join(cachePath(), key, entryFile))).mtime })
    } catch {
      // Removed by another process meanwhile, or damaged.
    }
  }
  return entries.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime())
}

/** How many models of this process come from each entry: Core ML may read its files as long as the model lives. */
const inUse = new Map<string, number>()

/** Keeps an entry from being evicted. @returns what lets it go */
export function holdEntry(key: string): () => Promise<void> {
  inUse.set(key, (inUse.get(key) ?? 0) + 1)
  return async () => {
    inUse.set(key, inUse.get(key)! - 1)
  }
}

/** Keeps the cache within its limit; the entry `keep` stays, and so does what is in use, or another user's. */
async function evict(keep: string): Promise<void> {
  await removeLeftovers(await folderNames())
  const entries = await listCache()
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { key, bytes } of entries) {
    if (total <= cacheLimit()) return
    if (key === keep || inUse.get(key)) continue
    try {
      await removeEntry(key)
      total -= bytes
    } catch {
      // Not ours to remove.
    }
  }
}

/** Empties the cache. @returns the bytes that were freed */
export async function clearCache(): Promise<number> {
  let freed = 0
  for (const key of await entryKeys()) {
    freed += await bytesOfFolder(join(cachePath(), key, modelFolder)).catch(() => 0)
    await removeEntry(key)
  }
  await removeLeftovers(await folderNames())
  return freed
}
