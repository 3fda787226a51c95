// Several processes and one cache: compiling at once, killed in the middle, using what others would remove. All of them are real.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { cachePath, clearCache, listCache } from '../../../src/backends/apple/cache.ts'
import { compile } from '../../../src/lazy.ts'
import { addonPath, useStandin } from './addon.ts'
import { folder } from './models.ts'
import { fresh, load, useScratch } from './scratch.ts'

useStandin()
const temporary = useScratch()

const useStandinThere = ['--import', new URL('children/use-standin.mjs', import.meta.url).href]
const environment = (settings: string) => ({ ...process.env, COREML_STANDIN_ADDON: addonPath, COREML_STANDIN: settings })

/** A process that uses a model until it is told to go. */
class User {
  readonly steps: string[] = []
  readonly child: ChildProcess
  readonly #exit: Promise<unknown>

  constructor(path: string, settings = '', inner?: string) {
    const script = new URL('children/use-model.mjs', import.meta.url).pathname
    const args = [...useStandinThere, script, path, ...(inner === undefined ? [] : [inner])]
    this.child = spawn(process.execPath, args, { env: environment(settings), stdio: ['pipe', 'pipe', 'inherit'] })
    this.#exit = once(this.child, 'exit')
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.steps.push(line))
    users.push(this)
  }

  /** Waits until it has said so. */
  async told(step: string): Promise<void> {
    await expect.poll(() => this.steps, { timeout: 60_000, interval: 5 }).toContain(step)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#exit
  }

  /** Lets it dispose of its model and end. */
  async leave(): Promise<void> {
    this.child.stdin!.end()
    await this.#exit
    expect(this.steps.at(-1)).toBe('disposed')
  }
}

/** A folder of another disk than the temporary folder's, if there is one. */
const otherDisk = ['/dev/shm', '/var/tmp'].find((path) => existsSync(path) && statSync(path).dev !== statSync(folder).dev)

const users: User[] = []
afterEach(async () => {
  for (const user of users.splice(0)) await user.kill()
})

/** Waits for something that a process does in the middle of its work. */
async function seen(what: () => boolean): Promise<void> {
  for (const start = performance.now(); !what(); await sleep(0)) {
    if (performance.now() - start > 60_000) throw new Error('it did not come to that')
  }
}

const outputs = '[[1,2,3,4]]'
const names = (path: string, start: string) => readdirSync(path).filter((name) => name.startsWith(start))
const temporaryEntries = () => (existsSync(cachePath()) ? names(cachePath(), '.tmp-') : [])

/** The entry of a model that is loaded now, by this process; everything else is gone. */
async function expectOneWholeEntry(path: string, compiles: boolean): Promise<void> {
  const model = await load(path)
  expect(typeof model.loadTimes.compile === 'number').toBe(compiles)
  expect((await model.predict({ x: [1, 2, 3, 4] })).y).toMatchObject({ data: Float32Array.of(1, 2, 3, 4) })
  await model.dispose()
  expect(readdirSync(cachePath())).toEqual([(await listCache())[0]!.key])
}

describe.skipIf(!existsSync('dist/cli/main.js'))('processes (npm run build makes what they run)', () => {
  it('that compile one model at once all get it, and leave one whole entry', async () => {
    const path = fresh()
    const both = [1, 2, 3].map(() => new User(path, 'compileMilliseconds=1500 compileFiles=200'))
    await Promise.all(both.map((user) => user.told(outputs)))
    for (const { steps } of both) expect(steps).toEqual(['compiling', 'loading', 'loaded', outputs])
    expect(readdirSync(cachePath())).toHaveLength(1)
    const [{ key } = { key: '' }] = await listCache()
    expect(readdirSync(join(cachePath(), key, 'model.mlmodelc'))).toHaveLength(201)
    await Promise.all(both.map((user) => user.leave()))
    expect(readdirSync(temporary())).toEqual([])
    await expectOneWholeEntry(path, false)
  })

  it('killed while Core ML compiles leave no entry', async () => {
    const path = fresh()
    const user = new User(path, 'compileMilliseconds=20000')
    await user.told('compiling')
    await user.kill()
    expect(await listCache()).toEqual([])
    await expectOneWholeEntry(path, true)
  })

  it('killed while the cache takes the model in leave nothing that is used, and nothing after the next compilation', async () => {
    const path = fresh()
    const user = new User(path, 'compileFiles=3000')
    await seen(() => temporaryEntries().some((name) => existsSync(join(cachePath(), name, 'model.mlmodelc'))))
    await user.kill()
    // In the middle: the entry has no name yet, the compiled model was about to be copied.
    expect(temporaryEntries()).toHaveLength(1)
    expect(await listCache()).toEqual([])
    expect(names(temporary(), 'coreml-bridge-apple-')).toHaveLength(1)
    await expectOneWholeEntry(path, true)
    expect(readdirSync(temporary())).toEqual([])
  })

  it('killed with a model that the cache did not take leave it to the next one to remove', async () => {
    process.env.COREML_BRIDGE_CACHE = '/dev/null'
    for (const settings of ['', 'compileBare=1']) {
      const user = new User(fresh(), settings)
      await user.told(outputs)
      // Another process may sweep as often as it likes while this one lives.
      await (await load(fresh())).dispose()
      expect(readdirSync(temporary())).toEqual([expect.stringMatching(/^coreml-bridge-apple-/)])
      await user.kill()
      await (await load(fresh())).dispose()
      expect(readdirSync(temporary())).toEqual([])
    }
  })

  it('killed with copies in the temporary folder, of links or for inner values, leave them to the next one', async () => {
    const link = join(mkdtempSync(join(folder, 'snapshot-')), 'linked.mlmodel')
    symlinkSync(fresh(), link)
    const linked = new User(link, 'compileMilliseconds=20000')
    await seen(() => names(temporary(), 'coreml-bridge-apple-').some((name) => existsSync(join(temporary(), name, 'linked.mlmodel'))))
    // The model itself is in the cache, so that its copy is what is compiled.
    const inner = 'tests/fixtures/divergence/overflow.mlpackage'
    await (await load(inner)).dispose()
    const asked = new User(inner, 'compileMilliseconds=20000', 'squared')
    await seen(() => names(temporary(), 'coreml-bridge-apple-').some((name) => existsSync(join(temporary(), name, 'exposed.mlpackage'))))
    await (await load(fresh())).dispose()
    expect(names(temporary(), 'coreml-bridge-apple-')).toHaveLength(2)
    await Promise.all([linked.kill(), asked.kill()])
    await (await load(fresh())).dispose()
    expect(names(temporary(), 'coreml-bridge-apple-')).toEqual([])
  })

  it.skipIf(!otherDisk)(
    `killed while compile() copies to another disk leave that to the next compilation to the place${otherDisk ? '' : ' (skipped: no second disk here)'}`,
    async () => {
      const place = mkdtempSync(join(otherDisk!, 'coreml-bridge-'))
      try {
        const destination = join(place, 'model.mlmodelc')
        const script = new URL('children/compile-to.mjs', import.meta.url).pathname
        const child = spawn(process.execPath, [...useStandinThere, script, fresh(), destination], {
          env: environment('compileFiles=3000'),
          stdio: ['ignore', 'inherit', 'inherit'],
        })
        const exit = once(child, 'exit')
        await seen(() => readdirSync(place).length > 0)
        // A living process's folder of the same name stays, and so does that of another place.
        const others = [`model.mlmodelc.tmp-${process.pid}-0`, `other.mlmodelc.tmp-${child.pid}-0`]
        for (const name of others) mkdirSync(join(place, name))
        child.kill('SIGKILL')
        await exit
        expect(names(place, `model.mlmodelc.tmp-${child.pid}-`)).toHaveLength(1)
        expect(existsSync(destination)).toBe(false)
        await compile(fresh(), destination)
        expect(readdirSync(place).sort()).toEqual(['model.mlmodelc', ...others])
        expect(readdirSync(temporary())).toEqual([])
      } finally {
        rmSync(place, { recursive: true, force: true })
      }
    },
  )

  it('keep what they have loaded from being evicted and cleared by others, until they let it go', async () => {
    const path = fresh()
    const user = new User(path)
    await user.told(outputs)
    const [{ key } = { key: '' }] = await listCache()
    process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
    await (await load(fresh())).dispose()
    expect((await listCache()).map((entry) => entry.key)).toContain(key)
    const { output } = await cacheClear()
    expect(output).toMatch(/^freed .*; 1 compiled model is in use and stays\n$/)
    expect((await listCache()).map((entry) => entry.key)).toEqual([key])
    await user.leave()
    expect(await clearCache()).toEqual({ freed: expect.any(Number), inUse: 0 })
    expect(readdirSync(cachePath())).toEqual([])
  })

  it('killed with a model keep nothing any more', async () => {
    for (const removal of ['evict', 'clear'] as const) {
      const user = new User(fresh())
      await user.told(outputs)
      const [{ key } = { key: '' }] = await listCache()
      await user.kill()
      if (removal === 'clear') await clearCache()
      else {
        process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
        await (await load(fresh())).dispose()
      }
      expect((await listCache()).map((entry) => entry.key)).not.toContain(key)
    }
  })

  it('killed while they removed an entry that another process took up leave it to that one', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '0'], { env: {} })
    const doomed = join(cachePath(), `.tmp-${pid}-0`)
    mkdirSync(join(doomed, 'in-use'), { recursive: true })
    writeFileSync(join(doomed, 'in-use', `${process.pid}-0`), '')
    await (await load(fresh())).dispose()
    expect(existsSync(doomed)).toBe(true)
    rmSync(join(doomed, 'in-use'), { recursive: true })
    await (await load(fresh())).dispose()
    expect(existsSync(doomed)).toBe(false)
  })

  it('that hammer one small cache never meet a broken or missing model', async () => {
    const paths = [fresh(), fresh(), fresh()]
    const others = [1, 2].map(() => hammer(paths))
    process.env.COREML_BRIDGE_CACHE_LIMIT = '1'
    const results = await Promise.all(others)
    for (const { output, status } of results) expect({ output, status }).toEqual({ output: 'through\n', status: 0 })
    await clearCache()
    expect(readdirSync(cachePath())).toEqual([])
    expect(readdirSync(temporary())).toEqual([])
  })
})

async function run(args: string[], env: NodeJS.ProcessEnv): Promise<{ status: number; output: string }> {
  const child = spawn(process.execPath, [...useStandinThere, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const [status] = await once(child, 'close')
  return { status, output }
}

const cacheClear = () => run(['dist/cli/main.js', 'cache', 'clear'], environment(''))

const hammer = (paths: string[]) =>
  run([new URL('children/hammer.mjs', import.meta.url).pathname, ...paths], { ...environment(''), COREML_BRIDGE_CACHE_LIMIT: '1' })
