// The addon for child processes and workers: node child.mjs ADDON MODEL
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker, workerData } from 'node:worker_threads'

const [addonPath, modelPath] = workerData?.paths ?? process.argv.slice(2)
const module = { exports: {} }
process.dlopen(module, addonPath)
export const addon = module.exports
export const paths = [addonPath, modelPath]

export async function loadModel() {
  return addon.loadModel({ path: await addon.compileModel(modelPath) }, {})
}

/** Inputs of the vector model, all elements `n`. */
export function inputs(n) {
  return Object.assign(Object.create(null), {
    x: { kind: 'array', type: 'float32', dims: [4], bytes: new Uint8Array(Float32Array.of(n, n, n, n).buffer) },
  })
}

/** Starts three workers of a script and terminates them, so many milliseconds after each has said something. */
export async function terminateWorkers(script, milliseconds) {
  const workers = Array.from({ length: 3 }, () => new Worker(new URL(script), { workerData: { paths } }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  await sleep(milliseconds)
  await Promise.all(workers.map((worker) => worker.terminate()))
}

/** Prints a prediction of this thread. */
export async function printPrediction() {
  const model = await loadModel()
  const { outputs } = await model.predict(inputs(2))
  console.log(new Float32Array(outputs.y.buffer).join())
  await model.dispose()
}
