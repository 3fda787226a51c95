import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { type ConstantTensor, MilDataType, newModel, openModel, readConstant, type Source, writeModel } from '../../src/format/index.ts'
import { inspect } from '../../src/model/inspect.ts'
import { ModelSchema, ValueSchema } from '../protobuf-schemas.ts'
import { blockOf, expectError, fixture, temporary } from './support.ts'

describe('a copy is equal to its original', () => {
  test.each(['quantized', 'pipeline', 'neighbors', 'updatable'])('%s.mlmodel', async (name) => {
    const path = temporary('copy.mlmodel')
    const file = await openModel(fixture(`${name}.mlmodel`))
    await writeModel(file, path)
    const copy = await openModel(path)
    const size = readFileSync(path).length
    expect(size).toBe(readFileSync(fixture(`${name}.mlmodel`)).length)
    expect(await summary(path)).toEqual(await summary(fixture(`${name}.mlmodel`)))
    copy.close()
    file.close()
  })

  test.each(['storage-types', 'functions', 'state', 'classifier', 'image-sizes'])('%s.mlpackage', async (name) => {
    const original = fixture(`${name}.mlpackage`)
    const path = temporary('copy.mlpackage')
    const file = await openModel(original)
    await writeModel(file, path)
    const copy = await openModel(path)
    expect(await summary(path)).toEqual(await summary(original))
    for (const functionName of Object.keys(file.spec.type.case === 'mlProgram' ? file.spec.type.value.functions : {})) {
      const constants = (of: typeof file) =>
        blockOf(of, functionName).operations.flatMap(({ attributes }) =>
          Object.values(attributes).map((value) => {
            const constant = readConstant(of, value)
            return constant.kind === 'tensor' ? { ...constant, data: constant.data, location: undefined } : constant
          }),
        )
      expect(constants(copy)).toEqual(constants(file))
    }
    copy.close()
    file.close()
  })

  async function summary(path: string) {
    const { path: _, sizeOnDisk: __, ...rest } = await inspect(path)
    return rest
  }
})

/** A new program of one constant whose bytes come from `content`. */
function programOf(count: number, content: Source | Uint8Array) {
  const dimensions = [{ dimension: { case: 'constant' as const, value: { size: count } } }]
  const type = { type: { case: 'tensorType' as const, value: { dataType: MilDataType.UINT4, rank: 1, dimensions } } }
  const model = newModel(
    create(ModelSchema, {
      specificationVersion: 9,
      description: {},
      type: { case: 'mlProgram', value: { version: 1n, functions: { main: { opset: 'CoreML8', blockSpecializations: { CoreML8: {} } } } } },
    }),
  )
  const block = blockOf(model)
  const value = create(ValueSchema, { type, value: { case: 'blobFileValue', value: model.addBlob('uint4', count, content) } })
  const spec = create(ModelSchema, model.spec)
  block.operations.push({
    $typeName: 'coreml.spec.Operation',
    type: 'const',
    inputs: {},
    outputs: [],
    blocks: [],
    attributes: { val: value },
  })
  return { model, spec }
}

test('a new model with weights from memory', async () => {
  const path = temporary('new.mlpackage')
  const { model } = programOf(5, Uint8Array.from([0x21, 0x43, 0x05]))
  await writeModel(model, path)
  const file = await openModel(path)
  const value = blockOf(file).operations[0]?.attributes.val
  expect(Array.from((readConstant(file, value!) as ConstantTensor).data as Uint8Array)).toEqual([1, 2, 3, 4, 5])
  // Header, metadata and data as the format has them: 5 values of 4 bits are 3 bytes less 4 bits.
  const bytes = readFileSync(join(path, 'Data/com.apple.CoreML/weights/weight.bin'))
  expect([bytes.readUInt32LE(0), bytes.readUInt32LE(4)]).toEqual([1, 2])
  expect([bytes.readUInt32LE(64).toString(16), bytes.readUInt32LE(68)]).toEqual(['deadbeef', 11])
  expect([72, 80, 88].map((at) => Number(bytes.readBigUInt64LE(at)))).toEqual([3, 128, 4])
  file.close()
})

test('weights that are made while they are written never lie in memory at once', async () => {
  const size = 256 << 20
  let largest = 0
  const source: Source = {
    size,
    path: undefined,
    currentPath: () => undefined,
    read(target) {
      largest = Math.max(largest, target.length)
      target.fill(0x11)
    },
    close() {},
  }
  const path = temporary('large.mlpackage')
  const { model } = programOf(size * 2, source)
  const before = process.memoryUsage().arrayBuffers
  await writeModel(model, path)
  expect(largest).toBeLessThanOrEqual(8 << 20)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size / 2)
  expect((await inspect(path)).model.weights).toMatchObject({ parameters: size * 2, bytes: size })
})

test('what is there is not overwritten unasked', async () => {
  const file = await openModel(fixture('neighbors.mlmodel'))
  const path = temporary('model.mlmodel')
  writeFileSync(path, 'mine')
  await expectError(writeModel(file, path), 'ERR_FILE', 'exists already')
  expect(readFileSync(path, 'utf8')).toBe('mine')
  await writeModel(file, path, { overwrite: true })
  expect(readFileSync(path).length).toBeGreaterThan(100)
  const folder = temporary('folder')
  mkdirSync(folder)
  await expectError(writeModel(file, folder, { overwrite: true }), 'ERR_FILE', 'exists already')
  expect(existsSync(folder)).toBe(true)
  file.close()
})

test('what fails leaves nothing behind', async () => {
  const path = join(temporary('folder'), 'model.mlmodel')
  const file = await openModel(fixture('neighbors.mlmodel'))
  await expectError(writeModel(file, path), 'ERR_FILE', 'cannot write')
  file.close()
  const { model } = programOf(2, new Uint8Array(1))
  const value = blockOf(model).operations[0]?.attributes.val?.value
  if (value?.case === 'blobFileValue') value.value.offset = 7n
  const broken = join(temporary('folder'), 'model.mlpackage')
  mkdirSync(dirname(broken))
  await expectError(writeModel(model, broken), 'ERR_ARGUMENT', 'not added')
  expect(readdirSync(dirname(broken))).toEqual([])
})

test('weights of the wrong size are refused', () => {
  const model = newModel(create(ModelSchema, {}))
  expect(() => model.addBlob('fp16', 3, new Uint8Array(5))).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
})
