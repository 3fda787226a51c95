import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { lowering } from '../../../../../src/backends/portable/make-evaluator.ts'
import { optimize } from '../../../../../src/backends/portable/onnx/passes/index.ts'
import { featurePorts, feedsOf } from '../../../../../src/backends/portable/onnx-features.ts'
import { openModel } from '../../../../../src/format/index.ts'
import { coerceInputs } from '../../../../../src/model/coerce.ts'
import { describeModel } from '../../../../../src/model/describe.ts'
import { imageFiles } from '../../../../../src/model/image-files.ts'
import { elementCount, type Tensor } from '../../../../../src/model/tensor.ts'
import { type Features, isImage, isTensor } from '../../../../../src/model/values.ts'
import { numbers } from '../../../../models/sample.ts'
import { fixtureNames, readFixture } from '../../classic/corpus.ts'
import * as mil from '../../mil/corpus.ts'
import { builder, run } from '../run-graph.ts'
import { opTypes } from './run.ts'

test('what nobody reads is dropped, in inner graphs too, but not what an inner graph reads', () => {
  const b = builder()
  const x = b.input('x', 'float32', [2])
  b.op('Exp', [b.op('Sqrt', [x])])
  b.op('Add', [x, b.constant('float32', [2], [1, 2])])
  const read = b.op('Abs', [x])
  const types = [{ type: 'float32' as const, dims: [2] }]
  const readInVain = b.op('Tan', [x])
  const branch = (opType: string) =>
    b.subgraph([], (inner) => {
      inner.op('Sin', [readInVain])
      return [inner.op(opType, [read])]
    }).graph
  const branches = { then_branch: branch('Neg'), else_branch: branch('Exp') }
  b.output(b.op('If', [b.input('c', 'bool', [])], branches, { types }), 'y')
  const graph = b.finish('test')
  optimize(graph)
  expect(opTypes(graph)).toEqual(['Abs', 'If'])
  expect(opTypes(branches.then_branch)).toEqual(['Neg'])
  expect(opTypes(branches.else_branch)).toEqual(['Exp'])
  expect(graph.initializers).toEqual([])
})

const networks = new URL('../../../../fixtures/nn/', import.meta.url)
interface Golden {
  path: string
  fixture: () => { cases: { inputs: unknown }[]; functionName?: string }
}
/** A pipeline is no single graph. */
const programs = mil.fixtureNames().filter((name) => !name.endsWith('-pipeline'))
const models: [string, Golden][] = [
  ...programs.map((name): [string, Golden] => [name, { path: mil.modelPath(name), fixture: () => mil.readFixture(name) }]),
  ...fixtureNames(networks).map((name): [string, Golden] => [
    name,
    { path: fileURLToPath(new URL(`${name}.mlmodel`, networks)), fixture: () => readFixture(name, networks) },
  ]),
]

describe('the golden models compute the same optimised and not', () => {
  test.each(models)('%s', async (_name, { path, fixture }) => {
    const { cases, functionName } = fixture()
    const file = await openModel(path)
    try {
      const lower = (await lowering(file.spec, { options: { computeUnits: 'cpuOnly' }, label: 'model', file, functionName }))!
      const description = describeModel(file, functionName)
      const inputs = await coerceInputs(description.inputs, cases[0]!.inputs as Features, {}, imageFiles)
      const shapes: Record<string, readonly number[]> = {}
      for (const [name, value] of Object.entries(inputs)) {
        if (isTensor(value)) shapes[name] = value.dims
        else if (isImage(value)) shapes[name] = [value.height, value.width]
      }
      const [plain, changed] = [lower(shapes), lower(shapes)]
      optimize(changed.graph)
      expect(changed.graph.outputs).toEqual(plain.graph.outputs)
      const ports = featurePorts(description.inputs, plain.graph.inputs)
      const feeds: Record<string, Tensor> = {}
      for (const [index, value] of feedsOf(ports, inputs).entries()) {
        const { name, type } = ports[index]!.port
        feeds[name] = { type, ...value }
      }
      for (const { name, input } of plain.states) {
        const { shape } = description.states.find((state) => state.name === name)!
        feeds[input] = { type: 'float32', data: new Float32Array(elementCount(shape)).fill(0.5), dims: shape }
      }
      const own = (): Record<string, Tensor> =>
        Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, { ...feed, data: feed.data.slice() }]))
      const [expected, actual] = [await run(plain.graph, own()), await run(changed.graph, own())]
      for (const [name, tensor] of Object.entries(expected)) {
        expect(actual[name]!.dims, name).toEqual(tensor.dims)
        mil.expectNumbers(numbers(actual[name]!), numbers(tensor), 1e-5, name)
      }
    } finally {
      await file.close()
    }
  })
})
