// One measuring process: loads one network with one runtime, then predicts in turns.
//   node run-one.mjs ours|peer FOLDER FILE THREADS
// Prints a JSON line { load } once the network is loaded. Each line on the standard input, a number of milliseconds, is a turn: it predicts
// that long and prints { predict, memory, checksum }: median of the turn (ms), peak memory of the process so far (KiB), what keeps outputs read.
// Both sides set inputs and read outputs at every prediction, with the same threads and onnxruntime's default session options.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from '../tools.mjs'

const [runtime, folder, file, threads] = process.argv.slice(2)
const names = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'))
const { decodeNpy } = await import('../../dist/npy/npy.js')
const inputs = Object.fromEntries(names.map((name) => [name, decodeNpy(readFileSync(join(folder, `${name}.npy`)))]))
const path = join(folder, file)

const { load, warm } = runtime === 'ours' ? await ours() : await peer()
await warm()
const start = performance.now()
const predict = await load()
console.log(JSON.stringify({ load: performance.now() - start }))
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await turn(Number(line))))
process.exit(0)

async function turn(milliseconds) {
  // The first prediction after a pause finds caches cold and threads asleep.
  let checksum = await predict()
  const samples = []
  const end = performance.now() + milliseconds
  while (performance.now() < end || samples.length < 3) {
    const begin = performance.now()
    checksum += await predict()
    samples.push(performance.now() - begin)
  }
  return { predict: median(samples), memory: process.resourceUsage().maxRSS, checksum }
}

/** Reads one element of each output: whoever predicts does at least that. */
function read(outputs) {
  return Object.values(outputs).reduce((sum, { data }) => sum + Number(data[data.length >> 1]), 0)
}

async function ours() {
  const { Model } = await import('../../dist/index.js')
  return {
    /** Starts the worker, by a model of no size. */
    async warm() {
      const tiny = await Model.load(join(folder, '..', 'tiny.mlpackage'), { backend: 'portable' })
      await tiny.dispose()
    },
    async load() {
      const model = await Model.load(path, { backend: 'portable', threads: Number(threads) })
      return async () => read(await model.predict(inputs))
    },
  }
}

async function peer() {
  const { InferenceSession, Tensor } = (await import('onnxruntime-node')).default
  return {
    async warm() {
      await InferenceSession.create(join(folder, '..', 'tiny.onnx'))
    },
    async load() {
      const session = await InferenceSession.create(path, { intraOpNumThreads: Number(threads) })
      // torch leaves inputs out of the export that nothing depends on.
      const used = Object.entries(inputs).filter(([name]) => session.inputNames.includes(name))
      return async () =>
        read(await session.run(Object.fromEntries(used.map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]))))
    },
  }
}
