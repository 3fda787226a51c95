// Ends of processes and workers, several environments.
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addonPath } from './addon.ts'
import { array, folder, modelFile } from './models.ts'
import { onStandin, runNode } from './run-node.ts'

const path = modelFile({ inputs: [{ name: 'x', type: array('float32', [4]) }], outputs: [{ name: 'y', type: array('float32', [4]) }] })

const child = (name: string, env?: Record<string, string>) =>
  runNode([new URL(`children/${name}.mjs`, import.meta.url).pathname, addonPath, path], env)

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

  it.skipIf(!existsSync('dist/index.js'))(
    'removes at its end a model that the cache did not take, and nothing else of the temporary folder',
    async () => {
      const temporary = mkdtempSync(join(folder, 'tmp-'))
      const blocked = join(mkdtempSync(join(folder, 'place-')), 'blocked')
      for (const file of [blocked, join(temporary, 'another program’s')]) writeFileSync(file, '')
      for (const compileBare of [true, false]) {
        const ended = await runNode([...[...onStandin, new URL('children/undisposed.mjs', import.meta.url).pathname, path]], {
          TMPDIR: temporary,
          COREML_BRIDGE_CACHE: blocked,
          COREML_STANDIN: compileBare ? 'compileBare=1' : '',
        })
        expect(ended).toMatchObject({ status: 0, output: '2 in the temporary folder\n' })
        expect(readdirSync(temporary)).toEqual(['another program’s'])
      }
    },
  )
})
