// Loads a graph that multiplies with a constant in memory, of a number of bytes, and predicts. Prints by how many bytes the process has grown, and an element of the result.
import { GraphBuilder } from '../../../../dist/backends/portable/onnx/builder.js'
import { OnnxEvaluator } from '../../../../dist/backends/portable/onnx-evaluator.js'

const rows = Number(process.argv[2])
const columns = 1024
const array = { description: '', optional: false, type: 'multiArray', dataType: 'float32', flexibility: { kind: 'fixed' } }
const description = {
  inputs: [{ ...array, name: 'x', shape: [1, rows] }],
  outputs: [{ ...array, name: 'y', shape: [1, columns] }],
  states: [],
}
const multiplyBy = (count) => () => {
  const builder = new GraphBuilder(() => {})
  const x = builder.input('x', 'float32', [1, count])
  const weight = builder.constant('float32', [count, columns], new Float32Array(count * columns).fill(0.5))
  builder.output(builder.op('MatMul', [x, weight]), 'y')
  return { graph: builder.finish('test'), kind: 'ML Program', states: [] }
}
const options = { computeUnits: 'cpuOnly', threads: 1 }
// What is loaded once, whatever the model.
await OnnxEvaluator.load(description, multiplyBy(1), options)
const before = process.memoryUsage.rss()
const evaluator = await OnnxEvaluator.load(description, multiplyBy(rows), options)
const { y } = await evaluator.run({ x: { type: 'float32', dims: [1, rows], data: new Float32Array(rows).fill(1) } }, {})
console.log(JSON.stringify({ grown: process.memoryUsage.rss() - before, y: y.data[0] }))
process.exit()
