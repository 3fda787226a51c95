// The cache of compiled models.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { addToCache, cachePath, clearCache, findCached, listCache } from '../../../src/backends/apple/cache.ts'
import { contentHash } from '../../../src/backends/apple/content-hash.ts'
import { addon, standin, useStandin } from './addon.ts'
import { folder, modelBytes, modelFile, vector } from './models.ts'
import { fresh, load, useScratch } from './scratch.ts'

// Root may remove anything: what another user owns is played.
const foreign = vi.hoisted(() => ({ name: '' }))
// What another process does just before a rename.
const meanwhile = vi.hoisted(() => ({ onRename: async (_path: string) => {} }))
vi.mock('node:fs/promises', async (importOriginal) => {
  const files = await importOriginal<typeof import('node:fs/promises')>()
  const ours =
    <A extends unknown[], T>(work: (path: string, ...rest: A) => Promise<T>) =>
    (path: string, ...rest: A) =>
      foreign.name !== '' && path.endsWith(foreign.name)
        ? Promise.reject(Object.assign(new Error('not ours'), { code: 'EACCES', syscall: 'rm' }))
        : work(path, ...rest)
  const rename = async (from: string, to: string) => {
    await meanwhile.onRename(from)
    return files.rename(from, to)
  }
  return { ...files, rm: ours(files.rm as never), rename: ours(rename as never) }
})

useStandin()
const temporary = useScratch()

/** Adds a model that nobody goes on to use. */
async function add(key: string, compiled?: string): Promise<void> {
  const held = await addToCache(key, key, compiled ?? (await addon.compileModel(fresh())))
  await held?.release()
}

describe('the cache', () => {
  it('compiles once, tells the phases, keeps entries private', async () => {
    const path = fresh()
    const phases: string[] = []
    const first = await load(path, { onProgress: (phase: string) => phases.push(phase) })
    expect(first.loadTimes.compile).toBeTypeOf('number')
    await first.dispose()
    const second = await load(path, { onProgress: (phase: string) => phases.push(phase) })
    expect(second.loadTimes.compile).toHaveProperty('unavailable')
    await second.dispose()
    expect(phases).toEqual(['compiling', 'loading', 'loading'])
    const [entry, ...rest] = await listCache()
    expect(rest).toEqual([])
    expect(statSync(join(cachePath(), entry!.key)).mode & 0o777).toBe(0o700)
    expect(statSync(join(cachePath(), entry!.key, 'entry.json')).mode & 0o777).toBe(0o600)
    expect(entry!.bytes).toBeGreaterThan(0)
    // Nothing of the compiler's stays in the temporary folder.
    expect(readdirSync(temporary())).toEqual([])
  })

  it('goes by content, not by name or time', async () => {
    const [a, b] = [modelFile({ ...vector, metadata: { author: 'same' } }), modelFile({ ...vector, metadata: { author: 'same' } })]
    expect(await contentHash(a, '')).toBe(await contentHash(b, ''))
    expect(await contentHash(a, '')).not.toBe(await contentHash(a, 'other system'))
    writeFileSync(b, modelBytes({ ...vector, metadata: { author: 'Same' } }))
    expect(await contentHash(a, '')).not.toBe(await contentHash(b, ''))
  })

  it('what one version of the system compiled is not used on another', async () => {
    const path = fresh()
    for (const [osVersion, compiles] of [
      [14, true],
      [15, true],
      [14, false],
    ] as const) {
      standin.configure({ osVersion })
      const model = await load(path)
      expect(typeof model.loadTimes.compile === 'number', `macOS ${osVersion}`).toBe(compiles)
      await model.dispose()
    }
  })

  it('file names delimit contents in packages', async () => {
    const make = (files: Record<string, string>) => {
      const root = mkdtempSync(join(folder, 'package-'))
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(root, name, '..'), { recursive: true })
        writeFileSync(join(root, name), text)
      }
      return root
    }
    const packages: Record<string, string>[] = [
      { 'a/b': 'xy' },
      { 'a/b': 'x', 'a/c': 'y' },
      { a: 'xy' },
      { 'a/b': 'xyz' },
      // What ends one file and names the next could stand within a file.
      { 'a/b': 'x\0a/c\0y' },
    ]
    const hashes = await Promise.all(packages.map((files) => contentHash(make(files), '')))
    expect(new Set(hashes).size).toBe(packages.length)
  })

  it('evicts the least recently used beyond its limit, never the newest', async () => {
    await add('one')
    await add('two')
    await new Promise((resolve) => setTimeout(resolve, 20))
    await (await findCached('one'))!.release()
    const [{ bytes } = { bytes: 0 }] = await listCache()
    process.env.COREML_BRIDGE_CACHE_LIMIT = String(Math.floor(bytes * 2.5))
    await add('three')
    expect((await listCache()).map(({ key }) => key)).toEqual(['one', 'three'])
    process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
    await add('four')
    expect((await listCache()).map(({ key }) => key)).toEqual(['four'])
    expect(await clearCache()).toEqual({ freed: expect.any(Number), inUse: 0 })
    expect(readdirSync(cachePath())).toEqual([])
  })

  it('a half-written entry is none, and what a killed process left goes', async () => {
    mkdirSync(join(cachePath(), 'half', 'model.mlmodelc'), { recursive: true })
    expect(await findCached('half')).toBeUndefined()
    // A process that is gone: its number is free again.
    const { pid } = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: {} })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    mkdirSync(join(cachePath(), `.tmp-${pid}-0`))
    mkdirSync(join(cachePath(), `.tmp-${process.pid}-alive`))
    await add('whole')
    expect(readdirSync(cachePath()).filter((name) => name.startsWith('.tmp'))).toEqual([`.tmp-${process.pid}-alive`])
  })

  it('an entry that lost its bytes is made anew', async () => {
    const path = fresh()
    await (await load(path)).dispose()
    const [{ key } = { key: '' }] = await listCache()
    const file = join(cachePath(), key, 'model.mlmodelc', 'coremldata.bin')
    // Power failed: the folder has its name, its files are empty. Or its entry's file is.
    for (const lost of [file, join(cachePath(), key, 'entry.json')]) {
      truncateSync(lost)
      const model = await load(path)
      expect(model.loadTimes.compile).toBeTypeOf('number')
      await model.dispose()
      expect(statSync(file).size).toBeGreaterThan(0)
      await (await findCached(key))!.release()
      expect(readdirSync(cachePath())).toEqual([key])
    }
  })

  it('is cleared of broken entries too, not of what is none', async () => {
    await add('whole')
    mkdirSync(join(cachePath(), 'half', 'model.mlmodelc'), { recursive: true })
    mkdirSync(join(cachePath(), 'other'))
    writeFileSync(join(cachePath(), 'notes.txt'), 'of the user')
    expect((await clearCache()).freed).toBeGreaterThan(0)
    expect(readdirSync(cachePath())).toEqual(['notes.txt', 'other'])
  })

  it('never evicts, nor clears, what a model of this process may read', async () => {
    const path = fresh()
    const [one, same] = [await load(path), await load(path)]
    process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
    await one.dispose()
    await (await load(fresh())).dispose()
    expect(await listCache()).toHaveLength(2)
    expect(await clearCache()).toEqual({ freed: expect.any(Number), inUse: 1 })
    expect(await same.computePlan()).toBeInstanceOf(Array)
    await same.dispose()
    await (await load(fresh())).dispose()
    expect(await listCache()).toHaveLength(1)
  })

  it('gives an entry its name back that another process took up between the look and the removal', async () => {
    const path = fresh()
    await (await load(path)).dispose()
    const [{ key } = { key: '' }] = await listCache()
    let taken: Awaited<ReturnType<typeof findCached>>
    meanwhile.onRename = async () => {
      meanwhile.onRename = async () => {}
      taken = await findCached(key)
    }
    expect(await clearCache()).toEqual({ freed: 0, inUse: 1 })
    expect(readdirSync(cachePath())).toEqual([key])
    expect(readdirSync(taken!.path)).toEqual(['coremldata.bin'])
    await taken!.release()
    expect(await clearCache()).toMatchObject({ inUse: 0 })
  })

  it('takes new entries though old ones cannot be removed', async () => {
    process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
    await add('foreign')
    mkdirSync(join(cachePath(), '.tmp-4194304-foreign'))
    foreign.name = 'foreign'
    try {
      await (await load(fresh())).dispose()
      expect((await listCache()).map(({ name }) => name)).toEqual(['foreign', expect.stringMatching(/^model-/)])
    } finally {
      foreign.name = ''
    }
    expect(readdirSync(temporary())).toHaveLength(1) // the one that was compiled for 'foreign' by hand
  })

  it('two loads at once compile once; an entry that is there already stays', async () => {
    standin.configure({ compileMilliseconds: 100 })
    const path = fresh()
    const [a, b] = await Promise.all([load(path), load(path)])
    expect([a, b].filter(({ loadTimes }) => typeof loadTimes.compile === 'number')).toHaveLength(1)
    await Promise.all([a.dispose(), b.dispose()])
    const key = (await listCache())[0]!.key
    const other = await addon.compileModel(fresh())
    // As if another process had been faster: its entry stays, and is what is given.
    const held = (await addToCache(key, 'late', other))!
    expect(held.path).toBe(join(cachePath(), key, 'model.mlmodelc'))
    await held.release()
    expect((await listCache()).map(({ name }) => name)).not.toContain('late')
    expect(readdirSync(cachePath())).toEqual([key])
  })

  it('a disk that takes nothing: the model runs uncached, and nothing stays', async () => {
    // A file where the folder should be; cache-disk.spec.ts has the real disks.
    const blocked = join(mkdtempSync(join(folder, 'place-')), 'blocked')
    writeFileSync(blocked, '')
    process.env.COREML_BRIDGE_CACHE = blocked
    const model = await load(fresh())
    expect(readdirSync(temporary())).toHaveLength(1)
    await model.predict({ x: [1, 2, 3, 4] })
    await model.dispose()
    expect(readdirSync(temporary())).toEqual([])
  })

  it('a model compiled in the temporary folder itself goes without that folder', async () => {
    const blocked = join(mkdtempSync(join(folder, 'place-')), 'blocked')
    writeFileSync(blocked, '')
    process.env.COREML_BRIDGE_CACHE = blocked
    standin.configure({ compileBare: true })
    const model = await load(fresh())
    expect(readdirSync(temporary())).toEqual([expect.stringMatching(/^coreml-bridge-apple-\d+-/)])
    await model.dispose()
    expect(readdirSync(temporary())).toEqual([])
  })

  it('an entry that cannot get its name leaves no half of it in the cache', async () => {
    mkdirSync(cachePath(), { recursive: true })
    writeFileSync(join(cachePath(), 'taken'), 'a file where the entry should be')
    const compiled = await addon.compileModel(fresh())
    expect(await addToCache('taken', 'model', compiled)).toBeUndefined()
    expect(readdirSync(cachePath())).toEqual(['taken'])
    expect(readdirSync(compiled)).not.toEqual([])
  })

  it('a failed load leaves nothing behind', async () => {
    const blocked = join(mkdtempSync(join(folder, 'place-')), 'blocked')
    writeFileSync(blocked, '')
    process.env.COREML_BRIDGE_CACHE = blocked
    standin.configure({ loadError: 1 })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_LOAD' })
    expect(readdirSync(temporary())).toEqual([])
  })
})
