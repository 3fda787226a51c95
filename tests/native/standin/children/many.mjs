// 64 predictions in flight over 16 models in 4 worker threads.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { addon, inputs, loadModel, paths } from './addon.mjs'

const rounds = Number(process.env.ROUNDS ?? 3)

if (isMainThread) {
  addon.standin.configure({ predictMicroseconds: 2_000 })
  const workers = Array.from({ length: 4 }, (_, number) => new Worker(new URL(import.meta.url), { workerData: { paths, number } }))
  const exits = workers.map((worker) => once(worker, 'exit'))
  const answers = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  await Promise.all(exits)
  const { threadingViolations, predictions } = addon.standin.events()
  console.log(JSON.stringify({ wrong: answers.reduce((sum, { wrong }) => sum + wrong, 0), threadingViolations, predictions }))
} else {
  const models = await Promise.all(Array.from({ length: 4 }, loadModel))
  let wrong = 0
  for (let round = 0; round < rounds; ++round) {
    const all = await Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        const n = 1000 * workerData.number + 16 * round + i
        const { outputs } = await models[i % 4].predict(inputs(n))
        return new Float32Array(outputs.y.buffer).every((value) => value === n)
      }),
    )
    wrong += all.filter((right) => !right).length
  }
  await Promise.all(models.map((model) => model.dispose()))
  parentPort.postMessage({ wrong })
}
