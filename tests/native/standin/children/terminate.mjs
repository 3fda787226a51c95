// Workers that end, or are ended, while their predictions run; the main thread goes on.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { addon, inputs, loadModel, paths } from './addon.mjs'

if (isMainThread) {
  addon.standin.configure({ predictMicroseconds: 100_000 })
  for (let round = 0; round < 3; ++round) {
    const workers = Array.from({ length: 3 }, () => new Worker(new URL(import.meta.url), { workerData: { paths } }))
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  addon.standin.configure({ predictMicroseconds: 0 })
  const model = await loadModel()
  const { outputs } = await model.predict(inputs(2))
  console.log(new Float32Array(outputs.y.buffer).join())
  await model.dispose()
} else {
  const model = await loadModel()
  for (let i = 0; i < 4; ++i) model.predict(inputs(i))
  parentPort.postMessage('running')
}
