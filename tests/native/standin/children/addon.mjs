// The addon for child processes and workers: node child.mjs ADDON MODEL
import { workerData } from 'node:worker_threads'

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
