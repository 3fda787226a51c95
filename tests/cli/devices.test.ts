import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devices } from '../../src/devices.ts'
import { cli, project } from './run.ts'

describe('devices', () => {
  it('tells this machine, and for every unit whether it is there or why not', async () => {
    const { status, stdout } = await cli(['devices', '--json'])
    expect(status).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({
      schemaVersion: 1,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      machine: { platform: process.platform, architecture: process.arch, cores: cpus().length, memoryBytes: totalmem() },
      defaultBackend: process.platform === 'darwin' ? 'apple' : 'portable',
    })
    for (const { computeUnits } of Object.values(report.backends as Record<string, { computeUnits: Record<string, unknown> }>)) {
      expect(Object.keys(computeUnits)).toEqual(['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all'])
      for (const state of Object.values(computeUnits))
        if (state !== true) expect(state).toEqual({ unavailable: expect.stringMatching(/\w+ \w+/) })
    }
  })

  it('from code', async () => {
    const { backends } = await devices()
    expect(backends.portable).toMatchObject({
      available: true,
      runtime: expect.stringMatching(/^onnxruntime-node \d/),
      computeUnits: { cpuOnly: true, all: true },
    })
    if (process.platform !== 'darwin') expect(backends.apple.available).toMatchObject({ unavailable: expect.stringMatching(/Core ML/) })
  })

  it('as text', async () => {
    const { stdout } = await cli(['devices'])
    expect(stdout).toMatch(/^chip +\S/m)
    expect(stdout).toMatch(/^portable backend.*: onnxruntime-node/m)
    expect(stdout).toMatch(/^ {2}cpuOnly +yes$/m)
  })
})

describe('cache', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-cache-'))
    await mkdir(join(folder, 'abc', 'model.mlmodelc'), { recursive: true })
    await writeFile(join(folder, 'abc', 'model.mlmodelc', 'coremldata.bin'), new Uint8Array(1500))
    await writeFile(join(folder, 'abc', 'entry.json'), JSON.stringify({ name: 'net.mlpackage', bytes: 1500 }))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is listed and cleared', async () => {
    const env = { COREML_BRIDGE_CACHE: folder }
    expect((await cli(['cache', 'path'], { env })).stdout).toBe(`${folder}\n`)
    expect((await cli(['cache'], { env })).stdout).toMatch(
      /^net\.mlpackage +1\.5 kB {2}last used \d{4}-\d\d-\d\d \d\d:\d\d {2}abc\n1 compiled model, 1\.5 kB, in /,
    )
    expect(JSON.parse((await cli(['cache', 'list', '--json'], { env })).stdout)).toMatchObject({
      schemaVersion: 1,
      bytes: 1500,
      entries: [{ key: 'abc' }],
    })
    expect((await cli(['cache', 'clear'], { env })).stdout).toBe('freed 1.5 kB\n')
    expect(await readdir(folder)).toEqual([])
  })

  it.each(['list', 'clear'])('%s of what is no folder is refused', async (action) => {
    const env = { COREML_BRIDGE_CACHE: join(project, 'package.json') }
    const { status, stderr } = await cli(['cache', action], { env })
    expect(stderr).toMatch(/^coreml-bridge: cannot read the cache of compiled models: .*package\.json.* \(ERR_FILE\)\n$/)
    expect(status).toBe(2)
  })
})
