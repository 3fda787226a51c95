// Has nothing but a running prediction: must not end before it.
import { addon, inputs, loadModel } from './addon.mjs'

const model = await loadModel()
addon.standin.configure({ predictMicroseconds: 300_000 })
model.predict(inputs(5)).then(({ outputs }) => console.log(new Float32Array(outputs.y.buffer).join()))
