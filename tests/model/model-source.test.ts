// Models that are bytes, on the portable backend. What the digit of a picture is, its file name tells.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compile } from '../../src/lazy.ts'
import { inspect } from '../../src/model/inspect.ts'
import { Model } from '../../src/model/model.ts'

const bytes = (name: string) => new Uint8Array(readFileSync(`models/digits-cnn/${name}`))
const specification = bytes('digits-cnn.mlpackage/Data/com.apple.CoreML/model.mlmodel')
const weights = { 'weights/weight.bin': bytes('digits-cnn.mlpackage/Data/com.apple.CoreML/weights/weight.bin') }
const load = (source: unknown) => Model.load(source as Uint8Array, { backend: 'portable' })

async function digitOf(model: Model, picture: string): Promise<string> {
  const outputs = await model.predict({ image: picture })
  const [label] = Object.values(outputs).filter(
    (value) => typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number',
  )
  return String(label)
}

describe('a model in memory', () => {
  it.each([
    ['a .mlmodel', bytes('digits-cnn.mlmodel')],
    ['a .mlmodel as a specification', { specification: bytes('digits-cnn.mlmodel') }],
    ['a package', { specification, weights }],
  ])('predicts: %s', async (_, source) => {
    const model = await load(source)
    for (const digit of ['3', '7']) expect(await digitOf(model, `models/digits-cnn/examples/${digit}.png`)).toBe(digit)
    await model.dispose()
  })

  it('without a weight file that its program names is refused, and the error names it', async () => {
    for (const source of [{ specification }, { specification, weights: { 'weight.bin': weights['weights/weight.bin'] } }]) {
      await expect(load(source)).rejects.toMatchObject({
        code: 'ERR_MODEL_INVALID',
        message: expect.stringContaining('weights/weight.bin'),
      })
    }
  })

  it('that is something else is refused with what it may be', async () => {
    await expect(load(Buffer.from('PK\x03\x04 and more'))).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: expect.stringContaining('ZIP'),
    })
    await expect(load(new Uint8Array(0))).rejects.toMatchObject({ code: 'ERR_MODEL_INVALID', message: expect.stringContaining('empty') })
  })

  it('must be bytes', async () => {
    const wrong: unknown[] = [
      {},
      { specification: 'text' },
      { specification, weights: weights['weights/weight.bin'] },
      { specification, weight: {} },
      1,
      null,
    ]
    for (const source of wrong) await expect(load(source)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  })
})

it('a file: URL as text is one; text that only begins so is a path', async () => {
  const url = pathToFileURL('models/digits-cnn/digits-cnn.mlmodel').href
  const model = await load(url)
  expect(await digitOf(model, pathToFileURL('models/digits-cnn/examples/7.png').href)).toBe('7')
  await model.dispose()
  expect(await inspect(url)).toEqual(await inspect(new URL(url)))
  expect((await inspect('models/digits-cnn/digits-cnn.mlmodel')).path).toBe('models/digits-cnn/digits-cnn.mlmodel')
  await expect(load('file:net.mlmodel')).rejects.toMatchObject({ code: 'ERR_FILE', message: 'no such file or folder: file:net.mlmodel' })
})

describe('a file: URL without a path on this machine is refused', () => {
  const urls = ['file://host.example/model.mlmodel', 'file:///a%2Fb.mlmodel', 'file:///a%zz.mlmodel'].map((url) => new URL(url))

  it.skipIf(process.platform === 'win32').each(urls)('%s as a model', async (url) => {
    const error = { code: 'ERR_ARGUMENT', message: expect.stringContaining(url.href) }
    await expect(load(url)).rejects.toMatchObject(error)
    await expect(inspect(url)).rejects.toMatchObject(error)
    await expect(load(url.href)).rejects.toMatchObject(error)
  })

  it.skipIf(process.platform === 'win32').each(urls)('%s as an image', async (url) => {
    const model = await load(bytes('digits-cnn.mlmodel'))
    await expect(model.predict({ image: url })).rejects.toMatchObject({ code: 'ERR_INPUT', message: expect.stringContaining(url.href) })
    await model.dispose()
  })
})

it.skipIf(process.platform === 'darwin')('compile says that only Core ML compiles', async () => {
  await expect(compile('models/digits-cnn/digits-cnn.mlmodel', '/nowhere/model.mlmodelc')).rejects.toMatchObject({
    code: 'ERR_BACKEND_UNAVAILABLE',
  })
})
