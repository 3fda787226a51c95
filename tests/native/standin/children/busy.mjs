// Workers that are ended in the middle of their JavaScript, which calls the addon without a pause; the main thread goes on.
import { isMainThread, parentPort } from 'node:worker_threads'
import { addon, inputs, loadModel, printPrediction, terminateWorkers } from './addon.mjs'

if (isMainThread) {
  for (let round = 0; round < 12; ++round) await terminateWorkers(import.meta.url, round % 4)
  await printPrediction()
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
