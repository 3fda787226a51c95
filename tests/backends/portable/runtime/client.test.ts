import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** How processes end while onnxruntime is busy: each case is a process of its own. */

const dist = (module: string) => JSON.stringify(pathToFileURL(resolve('dist', module)).href)
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-runtime-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Session of a matrix product that takes about a millisecond, and a way to keep it busy. */
const prelude = `
import { GraphBuilder } from ${dist('backends/portable/onnx/builder.js')}
import { encodeModel } from ${dist('backends/portable/onnx/encode.js')}
import { runtimeClient } from ${dist('backends/portable/runtime/client.js')}
export async function open(isolate) {
  const b = new GraphBuilder(() => { throw new Error('no files') })
  const x = b.input('x', 'float32', [512, 512])
  b.output(b.op('MatMul', [x, x]), 'y')
  const client = runtimeClient(isolate)
  const ports = { inputs: [{ name: 'x', type: 'float32' }], parts: [], outputs: ['y'], states: [] }
  const { session } = await client.ask({ kind: 'createSession', ...encodeModel(b.finish('g')), ports })
  const feeds = () => [{ data: new Float32Array(512 * 512), dims: [512, 512] }]
  const busy = (milliseconds, signal) => client.ask({ kind: 'runTimed', session, feeds: [feeds()], durationMilliseconds: milliseconds }, [], signal)
  const run = (signal) => client.ask({ kind: 'run', session, feeds: feeds() }, [], signal)
  return { client, session, busy, run }
}
`

interface Ended {
  status: number | null
  signal: string | null
  out: string
  err: string
  milliseconds: number
}

async function runScript(source: string): Promise<Ended> {
  writeFileSync(join(folder, 'prelude.mjs'), prelude)
  const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(file, source)
  const start = performance.now()
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const [status, signal] = await new Promise<[number | null, string | null]>((done) =>
    child.on('close', (code, name) => done([code, name])),
  )
  return { status, signal, out, err, milliseconds: performance.now() - start }
}

const cases: [name: string, source: string, status: number, error: RegExp | undefined][] = [
  [
    'process.exit during a run',
    `const m = await open(); m.busy(400).catch(() => {}); setTimeout(() => process.exit(7), 100)`,
    7,
    undefined,
  ],
  [
    'an uncaught exception during a run',
    `const m = await open(); m.busy(400).catch(() => {}); setTimeout(() => { throw new Error('on purpose') }, 100)`,
    1,
    /on purpose/,
  ],
  [
    'an unhandled rejection during a run',
    `const m = await open(); m.busy(400).catch(() => {}); setTimeout(() => Promise.reject(new Error('on purpose')), 100)`,
    1,
    /on purpose/,
  ],
  [
    'process.exit with many runs queued',
    `const m = await open(); for (let i = 0; i < 500; i++) m.run().catch(() => {}); setTimeout(() => process.exit(5), 30)`,
    5,
    undefined,
  ],
  ['process.exit while a session is made', `open().catch(() => {}); setTimeout(() => process.exit(6), 60)`, 6, undefined],
  ['process.exit in the same turn', `open().catch(() => {}); process.exit(9)`, 9, undefined],
  ['the natural end waits for a run', `const m = await open(); m.busy(100).then(() => console.log('done'))`, 0, undefined],
  [
    'process.exit during a run in a child process',
    `const m = await open(true); m.busy(300).catch(() => {}); setTimeout(() => process.exit(3), 100)`,
    3,
    undefined,
  ],
]

describe('the process ends with its own status', () => {
  test.each(cases)('%s', async (name, source, status, error) => {
    const ended = await runScript(`import { open } from './prelude.mjs'\n${source}`)
    expect({ status: ended.status, signal: ended.signal }, ended.err).toEqual({ status, signal: null })
    if (error) expect(ended.err).toMatch(error)
    else expect(ended.err).toBe('')
    if (name.startsWith('the natural end')) expect(ended.out).toBe('done\n')
  })

  test('an idle session keeps nothing alive', async () => {
    for (const isolate of [false, true]) {
      const ended = await runScript(
        `import { open } from './prelude.mjs'\nconst m = await open(${isolate}); await m.run(); globalThis.kept = m; console.log('idle')`,
      )
      expect(ended).toMatchObject({ status: 0, out: 'idle\n', err: '' })
    }
  })

  test("a user's worker thread can be terminated during a run", async () => {
    writeFileSync(
      join(folder, 'in-worker.mjs'),
      `import { open } from './prelude.mjs'\nimport { parentPort } from 'node:worker_threads'\nconst m = await open(); m.busy(500).catch(() => {}); parentPort.postMessage('busy')`,
    )
    const ended = await runScript(`
      import { Worker } from 'node:worker_threads'
      const worker = new Worker(new URL('./in-worker.mjs', import.meta.url))
      worker.on('message', () => setTimeout(async () => { await worker.terminate(); console.log('terminated') }, 100))
    `)
    expect(ended).toMatchObject({ status: 0, out: 'terminated\n', err: '' })
  })
})

describe('aborting', () => {
  test('queued work leaves at once, running work is dropped at its end', async () => {
    const ended = await runScript(`
      import { open } from './prelude.mjs'
      const m = await open()
      const running = new AbortController(), queued = new AbortController()
      const start = performance.now()
      const times = {}
      const first = m.busy(400, running.signal).catch((error) => { times.running = [error.name, performance.now() - start] })
      const second = m.run(queued.signal).catch((error) => { times.queued = [error.name, performance.now() - start] })
      setTimeout(() => { running.abort(); queued.abort() }, 50)
      await Promise.all([first, second])
      const after = await m.run()
      console.log(JSON.stringify({ ...times, after: after.outputs[0].dims }))
    `)
    const { running, queued, after } = JSON.parse(ended.out)
    expect(running[0]).toBe('AbortError')
    expect(queued[0]).toBe('AbortError')
    expect(queued[1]).toBeLessThan(running[1])
    expect(after).toEqual([512, 512])
  })

  test('work that was sent ahead and taken back is not begun, and what comes after it is', async () => {
    const ended = await runScript(`
      import { open } from './prelude.mjs'
      const m = await open()
      const outcomes = []
      for (let round = 0; round < 3; round++) {
        const abort = new AbortController()
        const running = m.busy(100)
        const sentAhead = m.busy(60_000, abort.signal).catch((error) => error.name)
        const queued = m.busy(60_000, abort.signal).catch((error) => error.name)
        const next = m.run()
        setTimeout(() => abort.abort(), 30)
        await running
        outcomes.push(await sentAhead, await queued, (await next).outputs[0].dims.length)
      }
      console.log(JSON.stringify(outcomes))
    `)
    expect(ended.err).toBe('')
    const round = ['AbortError', 'AbortError', 2]
    expect(JSON.parse(ended.out)).toEqual([...round, ...round, ...round])
    expect(ended.milliseconds).toBeLessThan(30_000)
  })
})
