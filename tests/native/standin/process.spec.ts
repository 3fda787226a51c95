// Ends of processes and workers, several environments, the command line.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addonPath } from './addon.ts'
import { array, folder, modelFile } from './models.ts'

const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [4]) }], outputs: [{ name: 'y', type: array('float32', [4]) }] })

interface Ended {
  status: number | null
  signal: string | null
  output: string
  errors: string
  milliseconds: number
}

function run(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const start = performance.now()
  const child = spawn(process.execPath, args, { env: { ...process.env, COREML_STANDIN_ADDON: addonPath, ...env } })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  return new Promise((resolve) =>
    child.on('close', (status, signal) => resolve({ status, signal, output, errors, milliseconds: performance.now() - start })),
  )
}

const child = (name: string, env?: Record<string, string>) =>
  run([new URL(`children/${name}.mjs`, import.meta.url).pathname, addonPath, path], env)

describe('a process', () => {
  it('ends while predictions are in flight', async () => {
    const ended = await child('exit')
    expect(ended).toMatchObject({ status: 7, signal: null, output: 'leaving\n' })
    expect(ended.errors).toBe('')
  })

  it('is not kept alive by an idle model', async () => {
    const ended = await child('idle')
    expect(ended).toMatchObject({ status: 0, output: '3,3,3,3\n', errors: '' })
  })

  it('is kept alive by a running prediction', async () => {
    const ended = await child('pending')
    expect(ended).toMatchObject({ status: 0, output: '5,5,5,5\n', errors: '' })
  })

  it('outlives workers that end while their predictions run', async () => {
    const ended = await child('terminate')
    expect(ended).toMatchObject({ status: 0, output: '2,2,2,2\n', errors: '' })
  })

  it('outlives workers that are ended while they call the addon', async () => {
    const ended = await child('busy')
    expect(ended).toMatchObject({ status: 0, output: '2,2,2,2\n', errors: '' })
  })

  it('64 predictions in flight over 16 models in 4 workers', async () => {
    const ended = await child('many')
    expect(ended).toMatchObject({ status: 0, errors: '' })
    expect(JSON.parse(ended.output)).toEqual({ wrong: 0, threadingViolations: 0, predictions: 64 * 3 })
  })
})

describe.skipIf(!existsSync('dist/cli/main.js'))('the command on this "Mac" (npm run build makes it)', () => {
  const cli = (args: string[], standin = '') =>
    run(['--import', new URL('children/use-standin.mjs', import.meta.url).href, 'dist/cli/main.js', ...args], { COREML_STANDIN: standin })

  it('chooses the apple backend as it would there, and predicts with it', async () => {
    const ended = await cli([
      'predict',
      'models/digits-cnn/digits-cnn.mlpackage',
      '--json',
      '--input',
      'image=models/digits-cnn/examples/7.png',
    ])
    expect(ended.errors).not.toContain('Sanitizer')
    expect(ended.output).toContain('"apple"')
    expect(ended.status).toBe(0)
  })

  it('removes at its end a model that the cache did not take, and nothing else of the temporary folder', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'))
    const blocked = join(mkdtempSync(join(folder, 'place-')), 'blocked')
    for (const file of [blocked, join(temporary, 'another program’s')]) writeFileSync(file, '')
    for (const compileBare of [true, false]) {
      const ended = await run(
        [
          ...['--import', new URL('children/use-standin.mjs', import.meta.url).href],
          ...[new URL('children/undisposed.mjs', import.meta.url).pathname, path],
        ],
        { TMPDIR: temporary, COREML_BRIDGE_CACHE: blocked, COREML_STANDIN: compileBare ? 'compileBare=1' : '' },
      )
      expect(ended).toMatchObject({ status: 0, output: '2 in the temporary folder\n' })
      expect(readdirSync(temporary)).toEqual(['another program’s'])
    }
  })

  it('devices shows the stand-in', async () => {
    const ended = await cli(['devices', '--json'])
    expect(ended.status).toBe(0)
    expect(JSON.parse(ended.output)).toMatchObject({
      machine: { cpu: 'stand-in chip', gpus: { value: ['stand-in GPU'] } },
      defaultBackend: 'apple',
      backends: { apple: { available: true, runtime: 'Core ML of macOS 26 (stand-in build)' } },
    })
    const text = await cli(['devices'])
    expect(text.output).toMatch(/^chip +stand-in chip\n/m)
    expect(text.output).toMatch(/^neural engine +16 cores, as Core ML tells$/m)
    expect(text.output).toMatch(/^gpu +stand-in GPU$/m)
  })

  it('a unit that is not there is refused with exit status 3', async () => {
    const ended = await cli(
      ['predict', 'models/digits-cnn/digits-cnn.mlpackage', '--json', '--units', 'cpuAndNeuralEngine'],
      'osVersion=14 neuralEngine=0',
    )
    expect(ended.status).toBe(3)
    expect(ended.output + ended.errors).toContain('ERR_COMPUTE_UNIT_UNAVAILABLE')
  })
})
