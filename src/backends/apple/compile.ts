import { constants, existsSync, realpathSync, rmdirSync, rmSync } from 'node:fs'
import { cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import type { AppleBinding } from './binding.ts'
import { addToCache, findCached, holdEntry } from './cache.ts'
import { contentHash } from './content-hash.ts'
import { native } from './native-errors.ts'

/** A `.mlmodelc` folder to load, and what to do with it when the model goes. */
export interface CompiledModel {
  path: string
  /** Removes a folder that only this model uses; lets one of the cache go; does nothing for one of the caller. */
  release: () => Promise<void>
  /** Milliseconds that Core ML compiled; undefined where nothing had to be compiled. */
  milliseconds?: number
}

/** Compiled models that the cache could not take; removed at the end of the process at the latest. */
const unshared = new Set<string>()
let watchingExit = false

function removeAtExit(compiled: string): void {
  unshared.add(compiled)
  if (watchingExit) return
  watchingExit = true
  process.once('exit', () => {
    for (const each of unshared) {
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

async function removeCompiled(compiled: string): Promise<void> {
  await rm(compiled, { recursive: true, force: true })
  removeFolderAround(compiled)
}

/** Whether a model's file or anything in its folder is a symbolic link. */
async function hasLinks(path: string): Promise<boolean> {
  const found = await lstat(path)
  if (!found.isDirectory()) return found.isSymbolicLink()
  return (await readdir(path, { withFileTypes: true, recursive: true })).some((entry) => entry.isSymbolicLink())
}

async function timedCompile(binding: AppleBinding, source: string): Promise<{ compiled: string; milliseconds: number }> {
  const start = performance.now()
  const compiled = await native(binding.compileModel(source))
  return { compiled, milliseconds: performance.now() - start }
}

/**
 * Compiles a model with Core ML. Caches of model hubs keep the files of a package elsewhere and symbolic links in their places, which Core ML's compiler is
 * not said to follow: it gets a copy then, which takes no room where the file system clones.
 * @returns the `.mlmodelc` folder, in a temporary place, and how long Core ML took
 */
async function compileWithoutLinks(binding: AppleBinding, source: string): Promise<{ compiled: string; milliseconds: number }> {
  if (!(await hasLinks(source))) return timedCompile(binding, source)
  const folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-links-'))
  try {
    const copy = join(folder, basename(source))
    await cp(source, copy, { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE })
    return await timedCompile(binding, copy)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A compilation, and whether it went into the cache, where other models can use it. */
type Compilation = CompiledModel & { shared: boolean }

/** Compilations under way, so that two loads of one model compile it once. */
const underWay = new Map<string, Promise<Compilation>>()

async function compileIntoCache(binding: AppleBinding, source: string, key: string): Promise<Compilation> {
  const { compiled, milliseconds } = await compileWithoutLinks(binding, source)
  removeAtExit(compiled)
  const release = async () => {
    await removeCompiled(compiled)
    unshared.delete(compiled)
  }
  const cached = await addToCache(key, basename(source), compiled)
  if (cached === undefined) return { path: compiled, release, milliseconds, shared: false }
  await release()
  return { path: cached, release: holdEntry(key), milliseconds, shared: true }
}

/** A compiled form of the model: itself, one of the cache, or a new one. `onCompile` is called before Core ML's compiler is. */
export async function compiledModel(binding: AppleBinding, source: string, onCompile?: () => void): Promise<CompiledModel> {
  if (extname(source) === '.mlmodelc') return { path: source, release: async () => {} }
  // What one version of the system compiled, another may not read.
  const { osBuild, osVersion } = binding.machine()
  const key = await contentHash(source, `mlmodelc 1 ${osVersion} ${osBuild}`)
  const cached = await findCached(key)
  if (cached !== undefined) return { path: cached, release: holdEntry(key) }
  onCompile?.()
  const running = underWay.get(key)
  if (running) {
    // An unshared folder is one model's own: only a cached result can be used by two.
    const { path, shared } = await running
    if (shared) return { path, release: holdEntry(key) }
    return compileIntoCache(binding, source, key)
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
    const beside = await mkdtemp(`${destination}.tmp-`)
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
  const { compiled } = await compileWithoutLinks(binding, source)
  try {
    signal?.throwIfAborted()
    await publish(compiled, destination)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new CoreMLError('ERR_FILE', `the compiled model could not be put to ${destination}: ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    await removeCompiled(compiled)
  }
}
