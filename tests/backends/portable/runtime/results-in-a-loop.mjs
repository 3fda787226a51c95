// Predicts in a loop and drops the results. Prints the most memory outside of the heap, in bytes, beyond what was there before.
import { GraphBuilder } from '../../../../dist/backends/portable/onnx/builder.js'
import { OnnxEvaluator } from '../../../../dist/backends/portable/onnx-evaluator.js'

const [count, predictions] = process.argv.slice(2).map(Number)
const array = { description: '', optional: false, type: 'multiArray', dataType: 'float32', flexibility: { kind: 'fixed' } }
const description = { inputs: [{ ...array, name: 'x', shape: [1] }], outputs: [{ ...array, name: 'y', shape: [count] }], states: [] }
const lower = () => {
  const builder = new GraphBuilder(() => {})
  const x = builder.input('x', 'float32', [1])
  builder.output(builder.op('Expand', [x, builder.constant('int64', [1], [count])]), 'y')
  return { graph: builder.finish('test'), kind: 'ML Program', states: [] }
}
const evaluator = await OnnxEvaluator.load(description, lower, { computeUnits: 'cpuOnly' })
const x = { type: 'float32', dims: [1], data: new Float32Array(1) }
const before = process.memoryUsage().external
let most = 0
for (let index = 0; index < predictions; index++) {
  await evaluator.run({ x }, {})
  most = Math.max(most, process.memoryUsage().external - before)
}
console.log(most)
process.exit()
