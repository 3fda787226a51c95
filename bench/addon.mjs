// The addon's own cost, on the stand-in for Core ML built without sanitizers: what our code adds to the time that Core ML takes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureInProcess, median } from './tools.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A `.mlmodel` that takes a vector and gives one number. */
async function writeModel(path, length) {
  const { ArrayDataType, create, encode, ModelSchema } = await import('../dist/format/index.js')
  const vector = (name, size) => ({
    name,
    type: { type: { case: 'multiArrayType', value: { shape: [size], dataType: ArrayDataType.FLOAT32 } } },
  })
  const description = { input: [vector('x', length)], output: [vector('y', 1)] }
  const model = create(ModelSchema, { specificationVersion: 4, description, type: { case: 'neuralNetwork', value: {} } })
  writeFileSync(path, Buffer.concat(encode(ModelSchema, model)))
}

export async function run({ quick = false } = {}) {
  if (process.platform !== 'linux') throw new Error('the stand-in for Core ML is built on Linux only')
  const built = spawnSync(process.execPath, [join(root, 'scripts/build-standin.mjs'), 'none'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (built.status !== 0) throw new Error(`the stand-in was not built: ${built.stderr.trim().split('\n').at(-1)}`)
  const folder = mkdtempSync(join(tmpdir(), 'coreml-bench-'))
  try {
    await writeModel(join(folder, 'tiny.mlmodel'), 1)
    await writeModel(join(folder, 'wide.mlmodel'), 150_528)
    const measure = (names, ...core) =>
      measureInProcess(fileURLToPath(new URL('addon/measure.mjs', import.meta.url)), [
        join(root, 'build-standin/none/coreml.node'),
        folder,
        quick,
        names,
        ...core,
      ])
    const figures = measure('overhead,loop,handOver,promise,input,strided,copied,eventLoop')
    const placements = [['one core', measure('handOver,promise', 0)]]
    if (availableParallelism() > 1) placements.push(['two cores', measure('handOver,promise', 1)])
    const rowOf = (values, name, goal, peer, more = {}) => ({
      name,
      ratio: median(values),
      spread: [Math.min(...values), Math.max(...values)],
      goal,
      peer,
      ...more,
    })
    const row = (key, name, atMost, ...rest) => rowOf(figures[key], name, { atMost }, ...rest)
    const worker = 'an empty awaited AsyncWorker'
    const perMemcpy = 1 / 0.7 // a rate of at least 0.7 of memcpy's
    return [
      row('overhead', 'a whole native prediction beyond the stand-in’s own call', 10, 'the stand-in', { unit: 'µs' }),
      row('loop', 'a prediction of the native timed loop beyond the stand-in’s own call', 1, 'the stand-in', { unit: 'µs' }),
      // To wake a thread costs ten times as much on another core, which sleeps, as on the same one. Where the system puts either side's threads is chance, and
      // decides the ratio: it is a comparison where both have them at the same places.
      ...placements.flatMap(([place, { handOver, promise }]) => [
        rowOf(handOver, `an awaited empty job, by the way that predictions go; ${place}`, { atMost: 1.2 }, worker),
        rowOf(promise, `an awaited prediction beyond the stand-in’s own call; ${place}`, { atMost: 1.2 }, worker),
      ]),
      rowOf(figures.handOver, 'an awaited empty job, by the way that predictions go; placed by the system', undefined, worker),
      rowOf(figures.promise, 'an awaited prediction beyond the stand-in’s own call; placed by the system', undefined, worker),
      row('input', 'taking over an input of 150 528 floats', perMemcpy, 'memcpy'),
      row('strided', 'copying a padded 1000 × 64 output', perMemcpy, 'memcpy'),
      row('copied', 'bytes copied with allocated arrays on both sides', 0, 'none', { unit: 'B' }),
      row('eventLoop', 'event-loop delay p99 beyond idle, 8 predictions of 20 ms', 2, 'the idle loop', { unit: 'ms' }),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
