import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeElements, openModel, packBits, readConstant, readLayerWeights, unpackBits, type Value } from '../../src/format/index.ts'
import { float16ToFloat32 } from '../../src/model/float16.ts'
import type { TensorData } from '../../src/model/tensor.ts'
import { blockOf, copyOf, expectedValues, fixture } from './support.ts'

/** Numbers, of half precision too. */
function numbers(type: string, data: TensorData): number[] {
  return Array.from(type === 'float16' ? float16ToFloat32(data as Uint16Array) : (data as Float32Array), Number)
}

describe('constants of ML Programs', async () => {
  const file = await openModel(fixture('storage-types.mlpackage'))
  const values = new Map<string, Value>()
  for (const operation of blockOf(file).operations) {
    const name = operation.outputs[0]?.name ?? ''
    if (operation.type === 'const' && operation.attributes.val) values.set(name, operation.attributes.val)
    for (const key of ['data', 'indices']) {
      const binding = operation.inputs[key]?.arguments[0]?.binding
      if (operation.type.startsWith('constexpr_') && binding?.case === 'value') values.set(name, binding.value)
    }
  }

  const types = Object.keys(expectedValues.storageTypes).filter((type) => type !== 'lookup')
  test.each(types)('%s', (type) => {
    const { shape, values: expected } = expectedValues.storageTypes[type]
    const value = values.get(`${type}_const`) ?? values.get(`${type}_const_0`) ?? values.get(`${type}_dense`)
    const constant = readConstant(file, value as Value)
    if (constant.kind !== 'tensor') throw new Error('no tensor')
    expect(constant.storage).toBe(type)
    expect(constant.dims).toEqual(shape)
    expect(numbers(constant.type, constant.data)).toEqual(expected)
  })

  test('lie where the file says', () => {
    const value = values.get('int4_dense')?.value
    if (value?.case !== 'blobFileValue') throw new Error('not in the weight file')
    const blob = file.blob(value.value)
    expect(blob).toMatchObject({ type: 'int4', count: 13, length: 7 })
    expect(blob.offset % 64).toBe(0)
    expect(file.location(blob)).toEqual({ path: realpathSync.native(blob.source.path!), offset: blob.offset, length: 7 })
    expect(file.readBlob(blob)).toHaveLength(7)
  })
})

// Before there were types of less than a byte, coremltools left what follows an entry's offset as it found the memory.
test('what earlier writers left in an entry beyond its offset counts for nothing', async () => {
  const path = copyOf('storage-types.mlpackage')
  const original = await openModel(path)
  const operation = blockOf(original).operations.find(({ outputs }) => outputs[0]?.name.startsWith('fp32_const'))
  const value = operation?.attributes.val
  if (value?.value?.case !== 'blobFileValue') throw new Error('not in the weight file')
  const entry = Number(value.value.value.offset)
  original.close()
  const weights = join(path, 'Data/com.apple.CoreML/weights/weight.bin')
  const bytes = readFileSync(weights)
  bytes.fill(0xa5, entry + 24, entry + 64)
  writeFileSync(weights, bytes)

  const file = await openModel(path)
  const constant = readConstant(file, value)
  if (constant.kind !== 'tensor') throw new Error('no tensor')
  expect(numbers(constant.type, constant.data)).toEqual(expectedValues.storageTypes.fp32.values)
  file.close()
})

describe('weights of neural network layers', async () => {
  const file = await openModel(fixture('quantized.mlmodel'))
  if (file.spec.type.case !== 'neuralNetwork') throw new Error('no network')
  test.each(file.spec.type.value.layers.map(({ name, layer }) => [name, layer] as const))('%s', (name, layer) => {
    if (layer.case !== 'innerProduct') throw new Error('no inner product')
    const { type, data } = readLayerWeights(file, layer.value.weights, [4, 4])
    expect(numbers(type, data)).toEqual(expectedValues.quantized[name])
  })

  test('of the wrong number are refused', () => {
    const layer = file.spec.type.case === 'neuralNetwork' ? file.spec.type.value.layers[0]?.layer : undefined
    if (layer?.case !== 'innerProduct') throw new Error('no inner product')
    const { weights } = layer.value
    expect(() => readLayerWeights(file, weights, [4, 5])).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID' }))
    expect(() => readLayerWeights(file, undefined, [4])).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID' }))
  })
})

describe('floats that JavaScript has not', () => {
  const parsed = (values: (number | string)[]) =>
    values.map((value) => (value === 'inf' ? Infinity : value === '-inf' ? -Infinity : Number(value)))
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)

  test.each(['fp8e4m3fn', 'fp8e5m2'] as const)('%s', (type) => {
    const { data } = decodeElements(type, everyByte, 256)
    expect(Array.from(data as Float32Array)).toEqual(parsed(expectedValues.floats[type]))
  })

  test('bf16', () => {
    const { bits, values } = expectedValues.floats.bf16
    const bytes = new Uint8Array(new Uint16Array(bits).buffer)
    expect(Array.from(decodeElements('bf16', bytes, bits.length).data as Float32Array)).toEqual(parsed(values))
  })
})

describe('narrow integers', () => {
  test('are the digits of one long binary number', () => {
    const bits = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8)
    const cases = fc.tuple(bits, fc.constantFrom('low' as const, 'high' as const), fc.array(fc.nat(255), { maxLength: 40 }))
    fc.assert(
      fc.property(cases, ([width, first, raw]) => {
        const values = raw.map((value) => value % (1 << width))
        const packed = packBits(values, width, first)
        // The same by arithmetic on one big integer.
        const digits = first === 'low' ? values : values.toReversed()
        let long = digits.reduceRight((sum, value) => (sum << BigInt(width)) | BigInt(value), 0n)
        if (first === 'high') long <<= BigInt(packed.length * 8 - values.length * width)
        const bytes = Array.from(packed, () => {
          const byte = Number(long & 0xffn)
          long >>= 8n
          return byte
        })
        expect(Array.from(packed)).toEqual(first === 'low' ? bytes : bytes.reverse())
        expect(Array.from(unpackBits(packed, width, values.length, { first }))).toEqual(values)
        const signed = values.map((value) => (value >= 1 << (width - 1) ? value - (1 << width) : value))
        expect(Array.from(unpackBits(packed, width, values.length, { first, signed: true }))).toEqual(signed)
      }),
    )
  })

  test('that are cut are refused', () => {
    expect(() => decodeElements('uint3', new Uint8Array(3), 9)).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID' }))
    expect(decodeElements('uint3', new Uint8Array(3), 8).data).toHaveLength(8)
  })
})
