import { existsSync, rmSync } from 'node:fs'
import { cp, mkdtemp, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, extname } from 'node:path'
import { CoreMLError } from '../../errors.ts'
import type { AppleBinding } from './binding.ts'
import { addToCache, findCached } from './cache.ts'
import { contentHash } from './content-hash.ts'
import { native } from './native-errors.ts'

/** A `.mlmodelc` folder to load, and what to do with it when the model goes. */
export interface CompiledModel {
  path: string
  /** Removes a folder that only this process uses; does nothing for one of the cache or the caller. */
  release: () => Promise<void>
  /** Milliseconds that Core ML compiled; undefined where nothing had to be compiled. */
  milliseconds?: number
}

const nothing = async () => {}

/** Folders of models that the cache could not take; removed at the end of the process at the latest. */
const unshared = new Set<string>()
let watchingExit = false

function removeAtExit(folder: string): void {
  unshared.add(folder)
  if (watchingExit) return
  watchingExit = true
  process.once('exit', () => {
    for (const each of unshared) rmSync(each, { recursive: true, force: true })
  })
}

/** Core ML puts the `.mlmodelc` into a folder of its own, which goes too if nothing else is in it. */
async function removeCompiled(compiled: string): Promise<void> {
  await rm(compiled, { recursive: true, force: true })
  await rmdir(dirname(compiled)).catch(() => {})
}

/** Compilations under way, so that two loads of one model compile it once. */
const underWay = new Map<string, Promise<CompiledModel>>()

async function compileIntoCache(binding: AppleBinding, source: string, key: string): Promise<CompiledModel> {
  const start = performance.now()
  const compiled = await native(binding.compileModel(source))
  const milliseconds = performance.now() - start
  const cached = await addToCache(key, basename(source), compiled)
  if (cached !== undefined) {
    await removeCompiled(compiled)
    return { path: cached, release: nothing, milliseconds }
  }
  const folder = dirname(compiled)
  removeAtExit(folder)
  const release = async () => {
    unshared.delete(folder)
    await removeCompiled(compiled)
  }
  return { path: compiled, release, milliseconds }
}

/** A compiled form of the model: itself, one of the cache, or a new one. `onCompile` is called before Core ML's compiler is. */
export async function compiledModel(binding: AppleBinding, source: string, onCompile?: () => void): Promise<CompiledModel> {
  if (extname(source) === '.mlmodelc') return { path: source, release: nothing }
  // What one version of the system compiled, another may not read.
  const { osBuild, osVersion } = binding.machine()
  const key = await contentHash(source, `mlmodelc 1 ${osVersion} ${osBuild}`)
  const cached = await findCached(key)
  if (cached !== undefined) return { path: cached, release: nothing }
  onCompile?.()
  const running = underWay.get(key)
  if (running) {
    // An unshared folder is one model's own: only a cached result can be used by two.
    const { path, release } = await running
    if (release === nothing) return { path, release }
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
  const compiled = await native(binding.compileModel(source))
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
