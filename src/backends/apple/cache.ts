import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import envPaths from 'env-paths'
import { CoreMLError } from '../../errors.ts'
import { isLeased, lease } from './leases.ts'
import { makeOwnFolder, ownName, removeLeftovers } from './own-folders.ts'

/** One compiled model in the cache. */
export interface CacheEntry {
  /** The entry's key: a content hash. */
  key: string
  /** File name of the source model. */
  name: string
  bytes: number
  lastUsed: Date
}

/** A compiled model of the cache that stays there until it is let go. */
export interface HeldModel {
  path: string
  release: () => Promise<void>
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

/** The compiled model under a key, or undefined. Marks it as used; no process removes it before it is let go. */
export async function findCached(key: string): Promise<HeldModel | undefined> {
  const folder = join(cachePath(), key)
  // First the lease, then the look: an entry that is being removed is gone by now, or its remover sees the lease.
  const release = existsSync(join(folder, entryFile)) ? await lease(folder) : undefined
  if (release === undefined) return undefined
  if (!(await isWhole(key))) {
    await release()
    return undefined
  }
  const now = new Date()
  await utimes(join(folder, entryFile), now, now).catch(() => {})
  return { path: join(folder, modelFolder), release }
}

/**
 * Takes a compiled model into the cache, in one step that no other process can see half of.
 * @returns the model there; undefined where the disk is read-only or full. `compiled` stays where it is.
 */
export async function addToCache(key: string, name: string, compiled: string): Promise<HeldModel | undefined> {
  let temporary: string | undefined
  try {
    await mkdir(cachePath(), { recursive: true, mode: 0o700 })
    temporary = await makeOwnFolder(cachePath(), temporaryPrefix)
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
  // Undefined if another process has evicted it already.
  const held = await findCached(key)
  await evict(key)
  return held
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

/** Takes an entry's name from it, so that nobody sees it half removed. @returns the folder as it is called now; undefined if there is none */
async function unpublish(key: string): Promise<string | undefined> {
  const doomed = join(cachePath(), ownName(temporaryPrefix))
  try {
    await rename(join(cachePath(), key), doomed)
    return doomed
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function removeEntry(key: string): Promise<void> {
  const doomed = await unpublish(key)
  if (doomed !== undefined) await rm(doomed, { recursive: true, force: true })
}

/** Removes an entry that no living process uses. @returns whether it is gone */
async function removeUnused(key: string): Promise<boolean> {
  if (await isLeased(join(cachePath(), key))) return false
  const doomed = await unpublish(key)
  if (doomed === undefined) return true
  // Somebody came between the look and the removal: it gets its name back, unless an equal one has that by now.
  if (
    (await isLeased(doomed)) &&
    (await rename(doomed, join(cachePath(), key)).then(
      () => true,
      () => false,
    ))
  )
    return false
  await rm(doomed, { recursive: true, force: true })
  return true
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

const removeTemporary = () => removeLeftovers(cachePath(), temporaryPrefix, isLeased)

/** Keeps the cache within its limit; the entry `keep` stays, and so does what is in use, or another user's. */
async function evict(keep: string): Promise<void> {
  await removeTemporary()
  const entries = await listCache()
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { key, bytes } of entries) {
    if (total <= cacheLimit()) return
    // What cannot be removed is not ours.
    if (key !== keep && (await removeUnused(key).catch(() => false))) total -= bytes
  }
}

/** Removes whatever no living process uses. @returns the bytes that were freed, and how many entries are in use and stayed */
export async function clearCache(): Promise<{ freed: number; inUse: number }> {
  let [freed, inUse] = [0, 0]
  for (const key of await entryKeys()) {
    const bytes = await bytesOfFolder(join(cachePath(), key, modelFolder)).catch(() => 0)
    if (await removeUnused(key)) freed += bytes
    else inUse += 1
  }
  await removeTemporary()
  return { freed, inUse }
}
