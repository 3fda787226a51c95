// COUNT predictions (default: a million), a hundred in flight. Two hundred times on the way everything must have been let go: then resident memory
// and the bytes that malloc has given out are noted. Prints their slopes over the last 80 %, in bytes per 100 000 predictions.
import { setTimeout as sleep } from 'node:timers/promises'
import { addon, inputs, loadModel } from './addon.mjs'

const count = Number(process.env.COUNT ?? 1_000_000)
const { standin } = addon
standin.configure({ releaseMilliseconds: 1 })
const model = await loadModel()
const idle = liveObjects()
const samples = []
for (let done = 0; done < count; done += 100) {
  const n = done % 1000
  const all = await Promise.all(Array.from({ length: 100 }, () => model.predict(inputs(n))))
  if (all.some(({ outputs }) => new Float32Array(outputs.y.buffer)[3] !== n)) throw new Error(`wrong result after ${done}`)
  if (done % (count / 200) === 0) samples.push(await sample(done))
}
await model.dispose()
const kept = samples.slice(Math.floor(samples.length / 5))
console.log(JSON.stringify({ count, resident: slope('resident'), allocated: slope('allocated'), first: kept[0], last: kept.at(-1) }))

function liveObjects() {
  return Object.values(standin.liveObjects()).reduce((sum, number) => sum + number, 0)
}

/** Inputs are let go late, on another thread, and later still on a busy machine. */
async function sample(done) {
  for (const start = performance.now(); liveObjects() > idle; await sleep(1)) {
    globalThis.gc()
    if (performance.now() - start > 30_000) throw new Error(`after ${done} these stay alive: ${JSON.stringify(standin.liveObjects())}`)
  }
  globalThis.gc()
  return { done, resident: process.memoryUsage.rss(), allocated: standin.allocatedBytes() }
}

/** The least-squares slope, per 100 000 predictions. */
function slope(column) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(kept.map(({ done }) => done)), mean(kept.map((each) => each[column]))]
  const covariance = kept.reduce((sum, each) => sum + (each.done - x) * (each[column] - y), 0)
  return Math.round((100_000 * covariance) / kept.reduce((sum, { done }) => sum + (done - x) ** 2, 0))
}
