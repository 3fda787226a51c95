// Loads a model some times and keeps it. Prints by how many bytes the heap grows with each.
import { Model } from '../../../dist/index.js'

const [path, count] = process.argv.slice(2)
const models = []
const load = async () => models.push(await Model.load(path, { backend: 'portable' }))
const heap = () => {
  gc()
  return process.memoryUsage().heapUsed
}
// What is loaded once, whatever the number of models.
for (let index = 0; index < 3; index++) await load()
const before = heap()
for (let index = 0; index < count; index++) await load()
console.log((heap() - before) / count)
process.exit()
