// One measuring process: loads one network with one runtime, predicts, prints one JSON line.
//   node run-one.mjs ours|peer FOLDER FILE SECONDS THREADS
// Both set inputs and read outputs at every prediction, with the same threads and onnxruntime's default session options.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [runtime, folder, file, seconds, threads] = process.argv.slice(2)
const names = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'))
const { decodeNpy } = await import('../../dist/npy/npy.js')
const inputs = Object.fromEntries(names.map((name) => [name, decodeNpy(readFileSync(join(folder, `${name}.npy`)))]))
const path = join(folder, file)

const { load, warm } = runtime === 'ours' ? await ours() : await peer()
await warm()
let start = performance.now()
const predict = await load()
const loadMilliseconds = performance.now() - start
start = performance.now()
let checksum = await predict()
const firstMilliseconds = performance.now() - start
const samples = []
const end = performance.now() + Number(seconds) * 1000
for (let i = 0; i < 3; i++) await predict()
while (performance.now() < end || samples.length < 5) {
  start = performance.now()
  checksum += await predict()
  samples.push(performance.now() - start)
}
samples.sort((a, b) => a - b)
console.log(
  JSON.stringify({
    load: loadMilliseconds,
    first: firstMilliseconds,
    predict: samples[samples.length >> 1],
    predictions: samples.length,
    memory: process.resourceUsage().maxRSS,
    checksum,
  }),
)
process.exit(0)

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
