// Loads a model as an application does, tells each step in a line, and keeps it until its input ends: node --import use-standin.mjs use-model.mjs MODEL [INNER]
import { Model } from '../../../../dist/index.js'

const [path, inner] = process.argv.slice(2)
const tell = (step) => process.stdout.write(`${step}\n`)
const model = await Model.load(path, { backend: 'apple', onProgress: tell })
tell('loaded')
const x = { type: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) }
const outputs = await model.predict({ x }, inner === undefined ? {} : { intermediates: [inner] })
tell(JSON.stringify(Object.values(outputs).map(({ data }) => [...data])))
for await (const _ of process.stdin);
await model.dispose()
tell('disposed')
