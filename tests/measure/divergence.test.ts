import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { divergenceJson } from '../../src/cli/divergence.ts'
import { exposeValues, openModel } from '../../src/format/index.ts'
import { writeModel } from '../../src/format/write.ts'
import { type DivergenceSide, findDivergence } from '../../src/measure/divergence.ts'
import { Model } from '../../src/model/model.ts'
import type { Tensor } from '../../src/model/tensor.ts'

const path = 'tests/fixtures/divergence/overflow.mlpackage'
const side = (precision: 'float32' | 'asDeclared', file = path): DivergenceSide => ({
  path: file,
  label: precision,
  options: { backend: 'portable', precision },
})
const input = (values: number[]) => ({ x: { type: 'float32' as const, data: Float32Array.from(values), dims: [values.length] } })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-divergence-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('findDivergence', () => {
  test('refuses a model that has no inner values', async () => {
    const trees = 'models/trees/trees.mlmodel'
    await expect(findDivergence(side('float32', trees), side('asDeclared', trees))).rejects.toMatchObject({
      code: 'ERR_ARGUMENT',
      message: 'trees.mlmodel has no inner values to walk: it is neither an ML Program nor a neural network',
    })
  })

  test('names the op that overflows float16, and none before it', async () => {
    // 300² is above the largest float16, 65504; 301 itself is not.
    const found = await findDivergence(side('float32'), side('asDeclared'), { inputs: input([1, 2, 300, 4]) })
    expect(found.first).toMatchObject({ name: expect.stringMatching(/squared/), nonFinite: 1 })
    const names = found.values.map(({ name }) => name)
    expect(names.findIndex((name) => name.includes('moved'))).toBeLessThan(names.indexOf(found.first!.name))
  })

  test('finds none where every value fits', async () => {
    const found = await findDivergence(side('float32'), side('asDeclared'), { inputs: input([1, 2, 3, 4]) })
    expect(found.first).toBeNull()
    expect(found.values.length).toBeGreaterThanOrEqual(3)
  })

  test('a value of another size parts, with both shapes', async () => {
    const doubled = side('float32', 'tests/fixtures/divergence/doubled.mlpackage')
    const found = await findDivergence(side('float32'), doubled, { inputs: input([1, 2, 3, 4]) })
    expect(found.first).toMatchObject({ name: 'squared', psnr: null, maxError: null, shapes: { reference: [4], other: [8] } })
    // What follows has its size back, and is alike.
    const others = found.values.filter(({ name }) => name !== 'squared')
    expect(others.length).toBeGreaterThanOrEqual(3)
    for (const { psnr, shapes } of others) expect({ psnr, shapes }).toEqual({ psnr: null, shapes: undefined })
  })

  test('refuses models without a value in common', async () => {
    const other = side('float32', 'models/trees/trees.mlmodel')
    await expect(findDivergence(side('float32'), other, { inputs: input([1, 2, 3, 4]) })).rejects.toThrow()
  })
})

test('in JSON a value against zeros is not like equal ones', () => {
  const value = { name: 'v', psnr: Number.NEGATIVE_INFINITY, maxError: 1, nonFinite: 0 }
  const json = divergenceJson({ reference: 'a', other: 'b', limit: 40, values: [value, { ...value, psnr: null }], first: value })
  expect(JSON.parse(json)).toMatchObject({ values: [{ psnr: '-Infinity' }, { psnr: null }], first: { psnr: '-Infinity' } })
})

describe('a copy with inner values as outputs', () => {
  test('gives what the backend gives as inner values', async () => {
    const file = await openModel('models/transformer/transformer.mlpackage')
    const copy = join(folder, 'exposed.mlpackage')
    const { spec, names } = exposeValues(file, 'all')
    await writeModel(file, copy, { spec })
    file.close()
    expect(names.length).toBeGreaterThan(20)

    const original = await Model.load('models/transformer/transformer.mlpackage', { backend: 'portable' })
    const exposed = await Model.load(copy, { backend: 'portable' })
    try {
      const feature = original.inputs[0]!
      if (feature.type !== 'multiArray') throw new Error('the sample takes an array')
      const tokens = {
        [feature.name]: {
          type: 'int32' as const,
          data: Int32Array.from({ length: feature.shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 7),
          dims: feature.shape,
        },
      }
      const { intermediates } = await original.predictDetailed(tokens, { intermediates: 'all' })
      const outputs = await exposed.predict(tokens)
      for (const name of names) {
        const inner = intermediates![name]
        if (!inner) continue
        expect((outputs[name] as Tensor).data.length, name).toBe(inner.data.length)
      }
      const last = names.filter((name) => intermediates![name]?.type === 'float32').at(-1)!
      const [left, right] = [intermediates![last]!, outputs[last] as Tensor]
      const numbers =
        right.type === 'float16'
          ? (await import('../../src/model/float16.ts')).float16ToFloat32(right.data as Uint16Array)
          : (right.data as Float32Array)
      for (let i = 0; i < left.data.length; i++) expect(numbers[i]).toBeCloseTo(Number(left.data[i]), 1)
    } finally {
      await original.dispose()
      await exposed.dispose()
    }
  })

  test('refuses names that it has not, and other types of models', async () => {
    const program = await openModel(path)
    expect(() => exposeValues(program, ['no_such_value'])).toThrow(/no inner value "no_such_value"/)
    program.close()
    const network = await openModel('models/digits-cnn/digits-cnn.mlmodel')
    expect(() => exposeValues(network, 'all')).toThrow(/no ML Program/)
    network.close()
  })
})
