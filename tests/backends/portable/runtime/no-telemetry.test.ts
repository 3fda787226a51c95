import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const library = pathToFileURL('dist/index.js').href
const predict = (options: string) => `
  const { Model } = await import(${JSON.stringify(library)})
  const model = await Model.load('models/digits-cnn/digits-cnn.mlpackage', { backend: 'portable', ${options} })
  await model.predict({ image: 'models/digits-cnn/examples/7.png' })
  await model.dispose()`

const asUrl = (script: string) => `data:text/javascript,${encodeURIComponent(script)}`

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'coreml-bridge-home-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** Runs a script as a user whose environment says nothing about telemetry, and gives the files that it leaves in the user's folders. */
function filesLeftBy(script: string): string[] {
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...env } = process.env
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...env, HOME: home, TMPDIR: home },
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return readdirSync(home, { recursive: true }).map(String)
}

// onnxruntime writes its records and the machine's identifier before it uploads them.
it.each([
  ['the worker thread', predict('')],
  ['a child process', predict('isolate: true')],
  ["a user's worker thread", `import { Worker } from 'node:worker_threads'; new Worker(new URL(${JSON.stringify(asUrl(predict('')))}))`],
])('onnxruntime in %s records nothing', (_, script) => {
  expect(filesLeftBy(script)).toEqual([])
})
