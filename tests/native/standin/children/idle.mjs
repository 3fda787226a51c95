// Keeps a model, a state and allocated memory, and has nothing left to do: must end by itself.
import { addon, inputs, loadModel } from './addon.mjs'

globalThis.kept = [await loadModel(), addon.allocate(1 << 20)]
const { outputs } = await globalThis.kept[0].predict(inputs(3))
console.log(new Float32Array(outputs.y.buffer).join())
