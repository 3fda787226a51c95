import { toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { ArrayDataType, ColorSpace, MilDataType } from '../../../../src/format/index.ts'
import { Model, type Tensor } from '../../../../src/index.ts'
import { float16Value } from '../../../../src/model/float16.ts'
import { ModelSchema } from '../../../protobuf-schemas.ts'
import { operation, programModel, tensorType } from './program.ts'

const patterns = 65536

/** A model of a vector of half-precision numbers, which it gives as they are and multiplied. */
async function halves(factor: number): Promise<Model> {
  const type = tensorType(MilDataType.FLOAT16, [patterns])
  const operations = [
    operation('identity', { x: 'x' }, { same: type }),
    operation('mul', { x: 'x', y: { floats: [factor] } }, { scaled: type }),
  ]
  const feature = (name: string) => ({
    name,
    type: { type: { case: 'multiArrayType' as const, value: { shape: [patterns], dataType: ArrayDataType.FLOAT16 } } },
  })
  const description = { input: [feature('x')], output: [feature('same'), feature('scaled')] }
  const model = programModel({ x: type }, operations, ['same', 'scaled'], 'CoreML7', description)
  return Model.load(toBinary(ModelSchema, model), { backend: 'portable' })
}

test.each([
  ['an array', { case: 'multiArrayType' as const, value: { shape: [1, 3, 4, 6], dataType: ArrayDataType.FLOAT32 } }],
  ['an image', { case: 'imageType' as const, value: { width: 6, height: 4, colorSpace: ColorSpace.RGB } }],
])('%s whose declared size is not that of the program is refused', async (_, type) => {
  const taken = tensorType(MilDataType.FLOAT32, [1, 3, 6, 4])
  const y = { name: 'y', type: { type: { case: 'multiArrayType' as const, value: { shape: [], dataType: ArrayDataType.FLOAT32 } } } }
  const description = { input: [{ name: 'x', type: { type } }], output: [y] }
  const model = programModel({ x: taken }, [operation('relu', { x: 'x' }, { y: taken })], ['y'], 'CoreML5', description)
  await expect(Model.load(toBinary(ModelSchema, model), { backend: 'portable' })).rejects.toMatchObject({
    code: 'ERR_MODEL_INVALID',
    message: 'the model declares its input "x" as 1×3×4×6, but its program takes 1×3×6×4',
  })
})

/** The bits of a tensor, in whichever form this Node holds it. */
const bitsOf = ({ data: { buffer, byteOffset, length } }: Tensor) => new Uint16Array(buffer as ArrayBuffer, byteOffset, length)

test('every half-precision number goes in and comes out as it is, and results are rounded to the nearest one, ties to even', async () => {
  const factor = 0.333
  const model = await halves(factor)
  const x = Uint16Array.from({ length: patterns }, (_, bits) => bits)
  const { same, scaled } = (await model.predict({ x: { type: 'float16', data: x, dims: [patterns] } })) as Record<string, Tensor>
  await model.dispose()
  const [sameBits, scaledBits] = [bitsOf(same!), bitsOf(scaled!)]
  for (let bits = 0; bits < patterns; bits++) {
    const value = float16Value(bits)
    if (Number.isNaN(value)) {
      expect(float16Value(sameBits[bits]!)).toBeNaN()
      continue
    }
    if (sameBits[bits] !== bits) expect.fail(`${bits} came out as ${sameBits[bits]}`)
    if (!Number.isFinite(value)) continue
    const exact = Math.fround(value * Math.fround(factor))
    const got = scaledBits[bits]!
    const distance = Math.abs(float16Value(got) - exact)
    for (const neighbour of [got - 1, got + 1]) {
      const other = Math.abs(float16Value(neighbour) - exact)
      if (other < distance || (other === distance && got % 2 === 1)) expect.fail(`${exact} was rounded to ${float16Value(got)}`)
    }
  }
})
