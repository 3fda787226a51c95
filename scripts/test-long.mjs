// npm run test:long: what takes too long for every run. The addon on the stand-in for Core ML:
//   1. a million predictions, whose memory must not grow (COUNT=… sets another number): not the process's, and still less what malloc has given out;
//   2. all its specs, and everything at once, under ThreadSanitizer.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, root } from './setup.mjs'
import { threadSanitizerRuns } from './thread-sanitizer.mjs'

const child = (name) => join(root, 'tests/native/standin/children', `${name}.mjs`)
const addon = (sanitizer) => join(root, 'build-standin', sanitizer, 'coreml.node')

build()
run([join(root, 'scripts/build-standin.mjs'), 'none', 'tsan'])
const { ArrayDataType, create, encode, ModelSchema } = await import('../dist/format/index.js')

const folder = mkdtempSync(join(tmpdir(), 'coreml-long-'))
let failed = false
try {
  const path = join(folder, 'vector.mlmodel')
  const vector = (name) => ({ name, type: { type: { case: 'multiArrayType', value: { shape: [4], dataType: ArrayDataType.FLOAT32 } } } })
  const description = { input: [vector('x')], output: [vector('y')] }
  writeFileSync(
    path,
    Buffer.concat(
      encode(ModelSchema, create(ModelSchema, { specificationVersion: 9, description, type: { case: 'neuralNetwork', value: {} } })),
    ),
  )

  // V8's young generation in one size: by itself it doubles whenever a collection finds much alive, the last time by 12 MiB, long after the start.
  const { stdout } = run(['--expose-gc', '--min-semi-space-size=1', '--max-semi-space-size=1', child('million'), addon('none'), path])
  const { count, resident, allocated } = JSON.parse(stdout)
  report(`${count} predictions: resident memory grows ${resident} bytes per 100 000`, resident <= 2 ** 20)
  report(`${count} predictions: memory given out by malloc grows ${allocated} bytes per 100 000`, allocated <= 100_000)

  const runs = threadSanitizerRuns({ addon: addon('tsan'), model: path, folder, tell: console.log })
  for (const [name, clean] of runs) report(`ThreadSanitizer: ${name}`, clean)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

function report(text, passed) {
  console.log(`${passed ? 'pass' : 'FAIL'}  ${text}`)
  if (!passed) failed = true
}

function run(args) {
  const ended = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (ended.status !== 0) {
    console.error(ended.stderr.slice(-4000))
    process.exit(1)
  }
  return ended
}
