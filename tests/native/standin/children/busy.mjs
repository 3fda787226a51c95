// Workers that are ended in the middle of their JavaScript, which calls the addon without a pause; the main thread goes on.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { addon, inputs, loadModel, paths } from './addon.mjs'

if (isMainThread) {
  for (let round = 0; round < 12; ++round) {
    const workers = Array.from({ length: 3 }, () => new Worker(new URL(import.meta.url), { workerData: { paths } }))
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    await sleep(round % 4)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  const model = await loadModel()
  const { outputs } = await model.predict(inputs(2))
  console.log(new Float32Array(outputs.y.buffer).join())
  await model.dispose()
} else {
  const model = await loadModel()
  parentPort.postMessage('running')
  for (;;) {
    const predictions = Array.from({ length: 20 }, (_, n) => model.predict(inputs(n)))
    for (let i = 0; i < 200; ++i) {
      addon.machine()
      model.description()
    }
    await Promise.all(predictions)
  }
}
