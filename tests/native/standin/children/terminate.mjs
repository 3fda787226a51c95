// Workers that end, or are ended, while their predictions run; the main thread goes on.
import { isMainThread, parentPort } from 'node:worker_threads'
import { addon, inputs, loadModel, printPrediction, terminateWorkers } from './addon.mjs'

if (isMainThread) {
  addon.standin.configure({ predictMicroseconds: 100_000 })
  for (let round = 0; round < 3; ++round) await terminateWorkers(import.meta.url, 0)
  addon.standin.configure({ predictMicroseconds: 0 })
  await printPrediction()
} else {
  const model = await loadModel()
  for (let i = 0; i < 4; ++i) model.predict(inputs(i))
  parentPort.postMessage('running')
}
