// Loads models again and again from a cache that has room for none: each load evicts what nobody uses. node --import use-standin.mjs hammer.mjs MODEL…
import { Model } from '../../../../dist/index.js'

const x = { type: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) }
for (let round = 0; round < 40; ++round) {
  for (const path of process.argv.slice(2)) {
    const model = await Model.load(path, { backend: 'apple' })
    const { y } = await model.predict({ x })
    if (y.data.join() !== '1,2,3,4') throw new Error(`wrong: ${y.data}`)
    const plan = await model.computePlan()
    if ('unavailable' in plan) throw new Error(plan.unavailable)
    await model.dispose()
  }
}
console.log('through')
