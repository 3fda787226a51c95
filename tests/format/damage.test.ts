import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CoreMLError } from '../../src/errors.ts'
import { openModel, readConstant } from '../../src/format/index.ts'
import { functionBlock, operationsOf } from '../../src/format/program.ts'
import { inspect } from '../../src/model/inspect.ts'
import { damaged, damages } from '../damage.ts'
import { copyOf, expectError, fixture, temporary } from './support.ts'

/** More runs, for a search by hand: THOROUGH=50. */
const thorough = Number(process.env.THOROUGH ?? 1)

/** Reads all there is to read; only a CoreMLError may come of it. */
async function readAll(path: string): Promise<void> {
  const attempt = async (read: () => unknown) => {
    try {
      await read()
    } catch (error) {
      if (!(error instanceof CoreMLError)) throw error
      expect(error.code).toBe('ERR_MODEL_INVALID')
    }
  }
  await attempt(() => inspect(path))
  await attempt(async () => {
    const file = await openModel(path)
    try {
      if (file.spec.type.case !== 'mlProgram') return
      for (const [name, milFunction] of Object.entries(file.spec.type.value.functions)) {
        for (const { attributes } of operationsOf(functionBlock(name, milFunction))) {
          for (const value of Object.values(attributes)) {
            const constant = readConstant(file, value)
            if (constant.kind === 'tensor') expect(constant.data.length).toBeLessThan(1e6)
          }
        }
      }
    } finally {
      file.close()
    }
  })
}

async function survives(name: string, inside: string, numRuns: number): Promise<void> {
  const path = inside ? copyOf(name) : temporary(name)
  const target = join(path, inside)
  mkdirSync(dirname(target), { recursive: true })
  const original = readFileSync(join(fixture(name), inside))
  await fc.assert(
    fc.asyncProperty(damages, async (list) => {
      writeFileSync(target, damaged(original, list))
      await readAll(path)
    }),
    { numRuns: numRuns * thorough },
  )
  rmSync(path, { recursive: true })
}

describe('bytes flipped, cut and spliced', () => {
  test.each(['every-field.mlmodel', 'quantized.mlmodel', 'pipeline.mlmodel', 'neighbors.mlmodel', 'updatable.mlmodel'])('%s', (name) =>
    survives(name, '', 150),
  )
  test.each(['storage-types', 'functions', 'state', 'classifier', 'image-sizes'])('%s.mlpackage: the spec', (name) =>
    survives(`${name}.mlpackage`, 'Data/com.apple.CoreML/model.mlmodel', 120),
  )
  test('the weights', () => survives('storage-types.mlpackage', 'Data/com.apple.CoreML/weights/weight.bin', 150))
  test('the manifest', () => survives('state.mlpackage', 'Manifest.json', 150))
})

describe('hostile messages', () => {
  const write = (bytes: number[] | Uint8Array) => {
    const path = temporary('hostile.mlmodel')
    writeFileSync(path, Buffer.from(bytes))
    return path
  }
  const start = [0x08, 1]

  test('a length beyond the file, told with its place', async () => {
    // description (2) of 2^40 bytes
    await expectError(
      openModel(write([...start, 0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20])),
      'ERR_MODEL_INVALID',
      `${2 ** 40} bytes announced`,
      'byte 9',
      'in description',
    )
  })

  test('a number of more than 64 bits', () =>
    expectError(openModel(write([0x08, ...Array(10).fill(0xff), 1])), 'ERR_MODEL_INVALID', '64 bits', 'specificationVersion'))

  test('a field of the wrong type', () =>
    expectError(openModel(write([0x12, 2, 0x0d, 0])), 'ERR_MODEL_INVALID', 'wire type 5', 'in description.input'))

  test('a field number of zero', () => expectError(openModel(write([0x00, 0])), 'ERR_MODEL_INVALID', 'no number'))

  test('a value that ends in the next message', () =>
    expectError(openModel(write([...start, 0x12, 4, 0xa2, 0x06, 0x02, 0x0a, 0x05, 65, 65, 65, 65, 65])), 'ERR_MODEL_INVALID', 'announced'))

  test('messages nested without end', async () => {
    let bytes = Buffer.alloc(0)
    // Pipelines in pipelines: Model.pipeline (202), Pipeline.models (1).
    for (let depth = 0; depth < 3000; depth++) {
      const model = Buffer.concat([Buffer.from([0x0a]), varint(bytes.length), bytes])
      bytes = Buffer.concat([Buffer.from([0xd2, 0x0c]), varint(model.length), model])
    }
    await expectError(openModel(write(bytes)), 'ERR_MODEL_INVALID', 'nested more than 100', 'pipeline.models[0].pipeline')
  })

  test('unknown groups nested without end', () =>
    expectError(openModel(write([...start, ...Array(5000).fill(0x7b)])), 'ERR_MODEL_INVALID', 'nested more than 100'))

  test('unknown fields are passed over', async () => {
    const unknown = [0x78, 5, 0x79, ...Array(8).fill(1), 0x7a, 2, 1, 1, 0x7b, 0x0a, 1, 1, 0x7c, 0x7d, 1, 1, 1, 1]
    const file = await openModel(write([...unknown, ...start, ...unknown, 0x12, 0, 0xa2, 0x38, 0, ...unknown]))
    expect(file.spec.type.case).toBe('identity')
    file.close()
  })

  test('keys like "__proto__" are keys', async () => {
    // metadata (100) with user-defined (100) "__proto__": "x"
    const entry = [0x0a, 9, ...Buffer.from('__proto__'), 0x12, 1, 120]
    const metadata = [0xa2, 0x06, entry.length, ...entry]
    const description = [0xa2, 0x06, metadata.length, ...metadata]
    const file = await openModel(write([...start, 0x12, description.length, ...description, 0xa2, 0x38, 0]))
    expect(Object.entries(file.spec.description?.metadata?.userDefined ?? {})).toEqual([['__proto__', 'x']])
    file.close()
  })

  function varint(value: number): Buffer {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128)
    return Buffer.from([...bytes, rest])
  }
})
