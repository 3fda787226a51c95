// COUNT predictions (default: a million) in a row, a hundred in flight; prints the slope of the resident memory over the last 80 %, in bytes per 100 000.
import { addon, inputs, loadModel } from './addon.mjs'

const count = Number(process.env.COUNT ?? 1_000_000)
addon.standin.configure({ releaseMilliseconds: 1 })
const model = await loadModel()
const samples = []
for (let done = 0; done < count; done += 100) {
  const n = done % 1000
  const all = await Promise.all(Array.from({ length: 100 }, () => model.predict(inputs(n))))
  if (all.some(({ outputs }) => new Float32Array(outputs.y.buffer)[3] !== n)) throw new Error(`wrong result after ${done}`)
  if (done % (count / 200) === 0) {
    globalThis.gc()
    samples.push([done, process.memoryUsage().rss])
  }
}
await model.dispose()
const kept = samples.slice(Math.floor(samples.length / 5))
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const [x, y] = [mean(kept.map(([done]) => done)), mean(kept.map(([, rss]) => rss))]
const slope = kept.reduce((sum, [done, rss]) => sum + (done - x) * (rss - y), 0) / kept.reduce((sum, [done]) => sum + (done - x) ** 2, 0)
console.log(JSON.stringify({ count, bytesPer100000: Math.round(slope * 100_000), first: kept[0][1], last: kept.at(-1)[1] }))
