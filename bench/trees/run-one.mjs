// One measuring process: the ensemble with one runtime, one row at a time and all rows in one call; prints one JSON line.
//   node run-one.mjs ours|onnxruntime FOLDER SECONDS THREADS
// Both are given float32 rows, a different one at each prediction, and read the result.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [runtime, folder, seconds, threads] = process.argv.slice(2)
const columns = 32
const { buffer, byteOffset, byteLength } = readFileSync(join(folder, 'rows.f32'))
const rows = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
const count = rows.length / columns
const { single, batch } = runtime === 'ours' ? await ours() : await peer()

async function median(work, divisor) {
  for (let i = 0; i < Math.max(5, 500 / divisor); i++) await work(i % count)
  const samples = []
  const end = performance.now() + Number(seconds) * 1000
  for (let i = 0; performance.now() < end || samples.length < 5; i++) {
    const start = process.hrtime.bigint()
    await work(i % count)
    samples.push(Number(process.hrtime.bigint() - start))
  }
  samples.sort((a, b) => a - b)
  return samples[samples.length >> 1] / 1000 / divisor
}

const first = Array.from({ length: 20 })
for (let i = 0; i < first.length; i++) first[i] = await single(i)
console.log(JSON.stringify({ single: await median(single, 1), batch: await median(batch, count), first }))
process.exit(0)

async function ours() {
  const { Model } = await import('../../dist/index.js')
  const model = await Model.load(join(folder, 'trees.mlmodel'), { backend: 'portable', threads: Number(threads) })
  const inputs = Array.from({ length: count }, (_, row) => ({
    x: { type: 'float32', data: rows.subarray(row * columns, (row + 1) * columns), dims: [columns] },
  }))
  return {
    single: async (row) => (await model.predict(inputs[row])).y,
    batch: async (row) => (await model.predictBatch(inputs))[row].y,
  }
}

async function peer() {
  const { InferenceSession, Tensor } = (await import('onnxruntime-node')).default
  const session = await InferenceSession.create(join(folder, 'trees.onnx'), { intraOpNumThreads: Number(threads) })
  const run = async (data, length) => (await session.run({ x: new Tensor('float32', data, [length, columns]) })).y.data
  return {
    single: async (row) => (await run(rows.subarray(row * columns, (row + 1) * columns), 1))[0],
    batch: async (row) => (await run(rows, count))[row],
  }
}
