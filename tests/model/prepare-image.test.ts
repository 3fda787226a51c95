import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodePng } from '../../src/images/png-encode.ts'
import { decodeForFeature } from '../../src/model/decode-for-feature.ts'
import { prepareImage } from '../../src/model/prepare-image.ts'
import { project } from '../cli/run.ts'
import { image } from './features.ts'

const feature = image('photo', 64, 48)
let folder: string
let large: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-images-'))
  const [width, height] = [1600, 1200]
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 ? 255 : Math.imul(i, 2654435761) >>> 24))
  large = await encodePng({ width, height, format: 'rgba', data })
  await writeFile(join(folder, 'large.png'), large)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('large images', () => {
  it('come out as if they were decoded here, several at once and in any order', async () => {
    const expected = await decodeForFeature({ feature, file: Uint8Array.from(large), options: {} })
    const other = { ...feature, colorSpace: 'gray' as const }
    const expectedGray = await decodeForFeature({ feature: other, file: Uint8Array.from(large), options: { resize: 'centerCrop' } })
    const results = await Promise.all([
      prepareImage({ feature, file: Uint8Array.from(large), options: {} }),
      prepareImage({ feature: other, file: Uint8Array.from(large), options: { resize: 'centerCrop' } }),
      prepareImage({ feature, file: await readFile(join(folder, 'large.png')), options: { files: true } }),
    ])
    expect(results).toEqual([expected, expectedGray, expected])
  })

  it('leave the event loop free', async () => {
    const start = performance.now()
    await decodeForFeature({ feature, file: Uint8Array.from(large), options: {} })
    const blocked = performance.now() - start
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    await prepareImage({ feature, file: Uint8Array.from(large), options: {} })
    delay.disable()
    expect(delay.max / 1e6).toBeLessThan(Math.max(30, blocked / 2))
  })

  it('that are damaged are refused with the same code and words', async () => {
    const cut = large.subarray(0, large.length / 2)
    const bytes = () => Uint8Array.from(cut)
    const error = await decodeForFeature({ feature, file: bytes(), options: {}, source: 'a.png' }).catch((caught) => caught)
    await expect(prepareImage({ feature, file: bytes(), options: {}, source: 'a.png' })).rejects.toMatchObject({
      code: 'ERR_INPUT',
      message: error.message,
    })
    await expect(prepareImage({ feature, file: Uint8Array.from(large), options: { resize: 'none' } })).rejects.toThrow(
      /^input "photo": .* got an image 1600×1200 \(resizing/,
    )
  })

  it('do not keep the process alive once they are decoded', () => {
    const module = pathToFileURL(join(project, 'dist/model/prepare-image.js')).href
    const script = `
      import { readFile } from 'node:fs/promises'
      import { prepareImage } from ${JSON.stringify(module)}
      const image = await prepareImage({ feature: ${JSON.stringify(feature)}, file: await readFile(process.argv[1]), options: {} })
      console.log(image.width)`
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, join(folder, 'large.png')], {
      encoding: 'utf8',
      timeout: 50_000,
    })
    expect(stderr).toBe('')
    expect([status, stdout]).toEqual([0, '64\n'])
  })
})
