import { constants, existsSync, realpathSync, rmdirSync, rmSync } from 'node:fs'
import { cp, lstat, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import type { AppleBinding } from './binding.ts'
import { addToCache, findCached } from './cache.ts'
import { contentHash } from './content-hash.ts'
import { native } from './native-errors.ts'
import { makeOwnFolder, removeLeftovers } from './own-folders.ts'
import { inScratchFolder, scratchFolder } from './scratch-folder.ts'

/** A `.mlmodelc` folder to load, and what to do with it when the model goes. */
export interface CompiledModel {
  path: string
  /** Removes a folder that only this model uses; lets one of the cache go; does nothing for one of the caller. */
  release: () => Promise<void>
  /** Milliseconds that Core ML compiled; undefined where nothing had to be compiled. */
  milliseconds?: number
}

/** What Core ML has compiled, in a temporary place. */
interface Compiled {
  path: string
  remove: () => Promise<void>
  milliseconds: number
}

/** Temporary folders of this process; removed at its end at the latest. */
const temporary = new Set<string>()
let watchingExit = false

function removeAtExit(folder: string): void {
  temporary.add(folder)
  if (watchingExit) return
  watchingExit = true
  process.once('exit', () => {
    for (const each of temporary) {
      rmSync(each, { recursive: true, force: true })
      removeFolderAround(each)
    }
  })
}

/** Core ML may have made a folder around the `.mlmodelc`, which goes once it is empty; or none: the temporary folder itself is nobody's to remove. */
function removeFolderAround(compiled: string): void {
  const folder = dirname(compiled)
  try {
    if (realpathSync(folder) !== realpathSync(tmpdir())) rmdirSync(folder)
  } catch {
    // Something else is in it, or the system has emptied its temporary folder.
  }
}

/** Moves what Core ML has compiled into a folder that tells this process's name. Until then only Core ML knows whose it is. */
async function takeOver(made: string): Promise<{ path: string; folder: string }> {
  let folder: string | undefined
  try {
    folder = await scratchFolder()
    const path = join(folder, basename(made))
    await rename(made, path)
    removeFolderAround(made)
    return { path, folder }
  } catch {
    // Another disk than Core ML's, or a full one: it stays where it is.
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    return { path: made, folder: made }
  }
}

/** Whether a model's file or anything in its folder is a symbolic link. */
async function hasLinks(path: string): Promise<boolean> {
  const found = await lstat(path)
  if (!found.isDirectory()) return found.isSymbolicLink()
  return (await readdir(path, { withFileTypes: true, recursive: true })).some((entry) => entry.isSymbolicLink())
}

async function timedCompile(binding: AppleBinding, source: string): Promise<Compiled> {
  const start = performance.now()
  const made = await native(binding.compileModel(source))
  const milliseconds = performance.now() - start
  const { path, folder } = await takeOver(made)
  removeAtExit(folder)
  const remove = async () => {
    await rm(folder, { recursive: true, force: true })
    removeFolderAround(folder)
    temporary.delete(folder)
  }
  return { path, remove, milliseconds }
}

/**
 * Compiles a model with Core ML. Caches of model hubs keep the files of a package elsewhere and symbolic links in their places, which Core ML's compiler is
 * not said to follow: it gets a copy then, which takes no room where the file system clones.
 */
async function compileWithoutLinks(binding: AppleBinding, source: string): Promise<Compiled> {
  if (!(await hasLinks(source))) return timedCompile(binding, source)
  return inScratchFolder(async (folder) => {
    const copy = join(folder, basename(source))
    await cp(source, copy, { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE })
    return timedCompile(binding, copy)
  })
}

/** A compilation, and whether it went into the cache, where other models can use it. */
type Compilation = CompiledModel & { shared: boolean }

/** Compilations under way, so that two loads of one model compile it once. */
const underWay = new Map<string, Promise<Compilation>>()

async function compileIntoCache(binding: AppleBinding, source: string, key: string): Promise<Compilation> {
  const { path, remove, milliseconds } = await compileWithoutLinks(binding, source)
  const cached = await addToCache(key, basename(source), path)
  if (cached === undefined) return { path, release: remove, milliseconds, shared: false }
  await remove()
  return { ...cached, milliseconds, shared: true }
}

/** A compiled form of the model: itself, one of the cache, or a new one. `onCompile` is called before Core ML's compiler is. */
export async function compiledModel(binding: AppleBinding, source: string, onCompile?: () => void): Promise<CompiledModel> {
  if (extname(source) === '.mlmodelc') return { path: source, release: async () => {} }
  // What one version of the system compiled, another may not read.
  const { osBuild, osVersion } = binding.machine()
  const key = await contentHash(source, `mlmodelc 1 ${osVersion} ${osBuild}`)
  const cached = await findCached(key)
  if (cached !== undefined) return cached
  onCompile?.()
  const running = underWay.get(key)
  if (running) {
    // An unshared folder is one model's own: only a cached result can be used by two.
    const found = (await running).shared ? await findCached(key) : undefined
    return found ?? compileIntoCache(binding, source, key)
  }
  const compiling = compileIntoCache(binding, source, key)
  underWay.set(key, compiling)
  try {
    return await compiling
  } finally {
    underWay.delete(key)
  }
}

/** Puts a folder to its place in one step, so that nobody ever sees half of it: where it lies on another disk, by a copy beside the place. */
async function publish(folder: string, destination: string): Promise<void> {
  try {
    await rename(folder, destination)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    const [parent, prefix] = [dirname(destination), `${basename(destination)}.tmp-`]
    await removeLeftovers(parent, prefix)
    const beside = await makeOwnFolder(parent, prefix)
    try {
      await cp(folder, beside, { recursive: true })
      await rename(beside, destination)
    } finally {
      await rm(beside, { recursive: true, force: true })
    }
  }
}

/**
 * Compiles `source` into the folder `destination`, past the cache.
 * @throws CoreMLError ERR_FILE if there is something at `destination`, ERR_MODEL_COMPILED, ERR_COMPILE
 */
export async function compileTo(binding: AppleBinding, source: string, destination: string, signal?: AbortSignal): Promise<void> {
  if (extname(source) === '.mlmodelc') throw new CoreMLError('ERR_MODEL_COMPILED', `${source} is compiled already`)
  if (existsSync(destination)) throw new CoreMLError('ERR_FILE', `${destination} exists already`)
  const { path, remove } = await compileWithoutLinks(binding, source)
  try {
    signal?.throwIfAborted()
    await publish(path, destination)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new CoreMLError('ERR_FILE', `the compiled model could not be put to ${destination}: ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    await remove()
  }
}
