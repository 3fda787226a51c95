// Ends while predictions run and wait.
import { addon, inputs, loadModel } from './addon.mjs'

const model = await loadModel()
addon.standin.configure({ predictMicroseconds: 200_000 })
for (let i = 0; i < 8; ++i) model.predict(inputs(i))
setTimeout(() => {
  console.log('leaving')
  process.exit(7)
}, 30)
