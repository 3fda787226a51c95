// The cache and the temporary folder on disks that are full or read-only.
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addToCache, cachePath, listCache } from '../../../src/backends/apple/cache.ts'
import { compile } from '../../../src/lazy.ts'
import { Model } from '../../../src/model/model.ts'
import { addon, standin, useStandin } from './addon.ts'
import { folder, modelFile, vector } from './models.ts'
import { fresh, load, useScratch } from './scratch.ts'
import { fillDisk, haveDisks, makeReadOnly, smallDisk } from './small-disk.ts'

useStandin()
const temporary = useScratch()

const note = haveDisks ? '' : ' (skipped: no file system can be mounted here, which takes root)'

/** A model whose compiled form takes some pages. */
const large = () => modelFile({ ...vector, metadata: { author: `${fresh()} ${'x'.repeat(40_000)}` } })

async function predicts(model: Model): Promise<void> {
  expect((await model.predict({ x: [1, 2, 3, 4] })).y).toMatchObject({ data: Float32Array.of(1, 2, 3, 4) })
}

describe.skipIf(!haveDisks)(`disks${note}`, () => {
  // Nothing at all, the entry's folder but not its files, the first of two files but not the second.
  it.each([0, 4096, 12_288])('a cache on a disk with %i bytes left: the model runs uncached, nothing of it stays there', async (free) => {
    const disk = smallDisk(262_144)!
    process.env.COREML_BRIDGE_CACHE = join(disk, 'cache')
    mkdirSync(cachePath())
    fillDisk(disk, free)
    const model = await load(large())
    expect(model.loadTimes.compile).toBeTypeOf('number')
    expect(readdirSync(cachePath())).toEqual([])
    await predicts(model)
    await model.dispose()
    expect(readdirSync(temporary())).toEqual([])
    expect(readdirSync(disk).sort()).toEqual(['cache', 'filler'])
  })

  it('a disk that fills up after the model’s files, before what tells that they are whole', async () => {
    const disk = smallDisk(262_144)!
    process.env.COREML_BRIDGE_CACHE = join(disk, 'cache')
    mkdirSync(cachePath())
    const compiled = await addon.compileModel(large())
    const page = 4096
    fillDisk(disk, Math.ceil(statSync(join(compiled, 'coremldata.bin')).size / page) * page)
    expect(await addToCache('key', 'name', compiled)).toBeUndefined()
    expect(readdirSync(cachePath())).toEqual([])
    expect(readdirSync(compiled)).toEqual(['coremldata.bin'])
  })

  it('an entry on a full disk is used all the same', async () => {
    const disk = smallDisk(262_144)!
    process.env.COREML_BRIDGE_CACHE = join(disk, 'cache')
    const path = large()
    await (await load(path)).dispose()
    fillDisk(disk)
    const model = await load(path)
    expect(model.loadTimes.compile).toHaveProperty('unavailable')
    await predicts(model)
    await model.dispose()
    expect(await listCache()).toHaveLength(1)
  })

  it('a read-only disk: an entry is used, what is not there runs uncached', async () => {
    const disk = smallDisk(262_144)!
    process.env.COREML_BRIDGE_CACHE = join(disk, 'cache')
    const path = fresh()
    await (await load(path)).dispose()
    makeReadOnly(disk)
    for (const [file, isCached] of [
      [path, true],
      [fresh(), false],
    ] as const) {
      const model = await load(file)
      expect(typeof model.loadTimes.compile === 'number').toBe(!isCached)
      await predicts(model)
      await model.dispose()
    }
    expect(await listCache()).toHaveLength(1)
    expect(readdirSync(temporary())).toEqual([])
  })

  it('a full temporary folder: an error with a code, and nothing stays, links or none', async () => {
    const disk = smallDisk(131_072)!
    process.env.TMPDIR = disk
    fillDisk(disk, 4096)
    await expect(load(large())).rejects.toMatchObject({ code: 'ERR_COMPILE' })
    const link = join(folder, 'on-full-disk.mlmodel')
    symlinkSync(large(), link)
    await expect(load(link)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('ENOSPC') })
    standin.configure({ compileBare: true })
    await expect(load(large())).rejects.toMatchObject({ code: 'ERR_COMPILE' })
    expect(readdirSync(disk)).toEqual(['filler'])
    expect(await listCache()).toEqual([])
  })

  it('inner values with a full temporary folder: an error with a code, and nothing stays', async () => {
    const model = await Model.load('tests/fixtures/divergence/overflow.mlpackage', { backend: 'apple' })
    const disk = smallDisk(65_536)!
    process.env.TMPDIR = disk
    fillDisk(disk)
    const inputs = { x: { type: 'float32' as const, data: Float32Array.of(1, 2, 3, 4), dims: [4] } }
    await expect(model.predict(inputs, { intermediates: ['squared'] })).rejects.toMatchObject({ code: 'ERR_FILE' })
    await model.dispose()
    expect(readdirSync(disk)).toEqual(['filler'])
  })

  it('compile() to a full disk: an error with a code, and nothing beside the place', async () => {
    const disk = smallDisk(65_536)!
    fillDisk(disk, 4096)
    const destination = join(disk, 'model.mlmodelc')
    await expect(compile(large(), destination)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('ENOSPC') })
    expect(existsSync(destination)).toBe(false)
    expect(readdirSync(disk)).toEqual(['filler'])
    expect(readdirSync(temporary())).toEqual([])
  })
})
