import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cachePath, listCache } from '../../../src/backends/apple/cache.ts'
import { compiledModel } from '../../../src/backends/apple/compile.ts'
import { CoreMLError } from '../../../src/errors.ts'
import { compile } from '../../../src/lazy.ts'
import { addon, standin, useStandin } from './addon.ts'
import { folder } from './models.ts'
import { fresh, load, useScratch } from './scratch.ts'

useStandin()
const temporary = useScratch()

/** A folder of another disk than the temporary folder's, if there is one. */
const otherDisk = ['/dev/shm', '/var/tmp'].find((path) => existsSync(path) && statSync(path).dev !== statSync(folder).dev)

describe('compile', () => {
  it('to a path that the caller names, past the cache', async () => {
    const destination = join(mkdtempSync(join(folder, 'place-')), 'mine.mlmodelc')
    expect(await compile(fresh(), destination)).toBe(destination)
    expect(existsSync(join(destination, 'coremldata.bin'))).toBe(true)
    expect(await listCache()).toEqual([])
    expect(readdirSync(temporary())).toEqual([])
    const model = await load(destination)
    expect(model.inputs[0]!.name).toBe('x')
    await model.dispose()
    expect(existsSync(destination)).toBe(true)
    const other = join(mkdtempSync(join(folder, 'place-')), 'mine.mlmodelc')
    expect(await compile(pathToFileURL(fresh()), pathToFileURL(other))).toBe(other)
  })

  it('to a place where something is, that is no .mlmodelc, or cannot be written is refused, and leaves nothing', async () => {
    const destination = mkdtempSync(join(folder, 'taken-'))
    const named = `${destination}.mlmodelc`
    mkdirSync(named)
    await expect(compile(fresh(), named)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining('exists') })
    await expect(compile(fresh(), join(destination, 'model'))).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    await expect(compile(fresh(), join(destination, 'no/such/model.mlmodelc'))).rejects.toMatchObject({ code: 'ERR_FILE' })
    await expect(compile(join(destination, 'missing.mlmodel'), named)).rejects.toMatchObject({ code: 'ERR_FILE' })
    await expect(compile(named, `${destination}-2.mlmodelc`)).rejects.toMatchObject({ code: 'ERR_MODEL_COMPILED' })
    standin.configure({ compileError: 1 })
    await expect(compile(fresh(), `${destination}-3.mlmodelc`)).rejects.toMatchObject({ code: 'ERR_COMPILE' })
    expect(readdirSync(destination)).toEqual([])
    expect(readdirSync(temporary())).toEqual([])
  })

  it('puts nothing to the place if it was aborted', async () => {
    standin.configure({ compileMilliseconds: 80 })
    const destination = join(mkdtempSync(join(folder, 'place-')), 'aborted.mlmodelc')
    const controller = new AbortController()
    const compiling = compile(fresh(), destination, { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(compiling).rejects.toMatchObject({ name: 'AbortError' })
    expect(existsSync(destination)).toBe(false)
    expect(readdirSync(temporary())).toEqual([])
  })

  it.skipIf(!otherDisk)(
    `to another disk in one step, by a copy beside the place${otherDisk ? '' : ' (skipped: no second disk here)'}`,
    async () => {
      const place = mkdtempSync(join(otherDisk!, 'coreml-bridge-'))
      try {
        await compile(fresh(), join(place, 'model.mlmodelc'))
        expect(readdirSync(place)).toEqual(['model.mlmodelc'])
        expect(existsSync(join(place, 'model.mlmodelc', 'coremldata.bin'))).toBe(true)
        expect(readdirSync(temporary())).toEqual([])
      } finally {
        rmSync(place, { recursive: true, force: true })
      }
    },
  )

  it('errors keep domain, code and user info, and the text of the error beneath', async () => {
    const damaged = join(mkdtempSync(join(folder, 'place-')), 'damaged.mlmodel')
    writeFileSync(damaged, 'no model')
    const error = await load(damaged).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CoreMLError)
    expect(error).toMatchObject({
      code: 'ERR_COMPILE',
      domain: 'com.apple.CoreML',
      nativeCode: 0,
      message: expect.stringContaining('protobuf'),
    })
    // GNUstep spells the key with "Key" at its end.
    expect(Object.entries((error as CoreMLError).userInfo ?? {})).toContainEqual([
      expect.stringMatching(/^NSLocalizedDescription/),
      expect.stringContaining('protobuf'),
    ])
    standin.configure({ compileError: 6 + 1 })
    await expect(load(fresh())).rejects.toMatchObject({
      code: 'ERR_COMPILE',
      nativeCode: 6,
      message: expect.stringContaining('(the stand-in said so)'),
    })
    standin.configure({ compileError: 0, throwFromCompile: true })
    await expect(load(fresh())).rejects.toMatchObject({ code: 'ERR_COMPILE', message: expect.stringContaining('StandinException') })
  })

  it('gives Core ML files in the place of symbolic links, and removes them', async () => {
    const elsewhere = join(mkdtempSync(join(folder, 'blobs-')), 'a1b2c3')
    renameSync(fresh(), elsewhere)
    const link = join(mkdtempSync(join(folder, 'snapshot-')), 'linked.mlmodel')
    symlinkSync(elsewhere, link)
    const given: [string, boolean][] = []
    const compileModel = (path: string) => {
      given.push([basename(path), lstatSync(path).isSymbolicLink()])
      return addon.compileModel(path)
    }
    await compiledModel({ ...addon, compileModel }, link)
    expect(given).toEqual([['linked.mlmodel', false]])
    expect(readdirSync(temporary())).toEqual([])
    const model = await load(link)
    expect(model.inputs[0]!.name).toBe('x')
    await model.dispose()
  })

  it('reads packages', async () => {
    const path = 'models/digits-cnn/digits-cnn.mlpackage'
    const { path: compiled } = await compiledModel(addon, path)
    expect(compiled.startsWith(cachePath())).toBe(true)
    const model = await load(path)
    expect(model.inputs).toHaveLength(1)
    await model.dispose()
  })
})
