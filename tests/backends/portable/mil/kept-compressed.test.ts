import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { keptCompressed } from '../../../../src/backends/portable/mil/kept-compressed.ts'
import { lowerProgram } from '../../../../src/backends/portable/mil/lower.ts'
import { functionBlock, MilDataType, newModel, openModel, programFunction, writeModel } from '../../../../src/format/index.ts'
import { inspect } from '../../../../src/model/inspect.ts'
import { float32, operation, programModel, tensorType } from './program.ts'

const folder = mkdtempSync(join(tmpdir(), 'coreml-kept-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

interface Layer {
  type: 'int4' | 'int8'
  rows: number
  /** Values that share a scale. */
  block: number
  /** A second op that takes the weight. */
  again?: boolean
}

/** A package with one linear layer of a blockwise weight of 32 × 64 for an input of `rows` × 64. */
async function packageOf({ type, rows, block, again }: Layer): Promise<string> {
  const [outputs, inputs] = [32, 64]
  const blocks = inputs / block
  const dataType = type === 'int4' ? MilDataType.INT4 : MilDataType.INT8
  const spec = programModel(
    { x: float32(rows, inputs) },
    [
      operation('const', {}, { data: tensorType(dataType, [outputs, inputs]) }),
      operation('const', {}, { scale: float32(outputs, blocks) }),
      operation('constexpr_blockwise_shift_scale', { data: 'data', scale: 'scale' }, { weight: float32(outputs, inputs) }),
      operation('linear', { x: 'x', weight: 'weight' }, { y: float32(rows, outputs) }),
      ...(again ? [operation('relu', { x: 'weight' }, { z: float32(outputs, inputs) })] : []),
    ],
    again ? ['y', 'z'] : ['y'],
    'CoreML8',
  )
  const file = newModel(spec)
  const { operations } = functionBlock('main', programFunction(spec.type.value as never, 'main'))
  const bytes = (outputs * inputs * (type === 'int4' ? 4 : 8)) / 8
  const blobs = [
    file.addBlob(type, outputs * inputs, new Uint8Array(bytes).fill(0x21)),
    file.addBlob('fp32', outputs * blocks, new Uint8Array(outputs * blocks * 4)),
  ]
  for (const [index, value] of blobs.entries()) {
    const each = operations[index]!
    each.attributes.val = {
      $typeName: 'coreml.spec.Value',
      docString: '',
      type: each.outputs[0]!.type,
      value: { case: 'blobFileValue', value },
    }
  }
  const path = join(folder, `${count++}.mlpackage`)
  await writeModel(file, path)
  return path
}

test.each<[Layer, boolean]>([
  [{ type: 'int4', rows: 1, block: 32 }, true],
  [{ type: 'int4', rows: 8, block: 16 }, true],
  [{ type: 'int4', rows: 9, block: 16 }, false],
  [{ type: 'int4', rows: 1, block: 8 }, false],
  [{ type: 'int8', rows: 1, block: 32 }, false],
  [{ type: 'int4', rows: 1, block: 32, again: true }, false],
])('%j: what is said of a weight is what the graph does with it', async (layer, kept) => {
  const path = await packageOf(layer)
  const file = await openModel(path)
  const { graph } = lowerProgram(file.spec, file)()
  const operators = graph.nodes.map(({ opType }) => opType)
  const block = functionBlock('main', programFunction(file.spec.type.value as never, 'main'))
  expect([...keptCompressed(block)]).toEqual(kept ? ['weight'] : [])
  // A weight that another op needs decompressed is in the graph in both forms.
  expect(operators.includes('MatMulNBits')).toBe(kept || layer.again === true)
  expect((await inspect(path)).model.weights.compression).toMatchObject([{ tensors: 1, portableKeeps: kept ? 1 : 0 }])
  file.close()
})
