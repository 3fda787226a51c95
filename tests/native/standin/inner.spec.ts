// Inner values: a copy of the model, with those values as outputs, is compiled and asked.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Model } from '../../../src/model/model.ts'
import { useStandin } from './addon.ts'
import { useScratch } from './scratch.ts'

useStandin()

const path = 'tests/fixtures/divergence/overflow.mlpackage'
const inputs = { x: { type: 'float32' as const, data: Float32Array.of(1, 2, 3, 4), dims: [4] } }
const temporary = useScratch()

describe('inner values', () => {
  it('come besides the outputs, and leave nothing behind', async () => {
    const model = await Model.load(path, { backend: 'apple' })
    const { outputs, intermediates } = await model.predictDetailed(inputs, { intermediates: ['squared', 'moved'] })
    expect(Object.keys(intermediates!)).toEqual(['squared', 'moved'])
    expect(intermediates!.squared).toMatchObject({ type: 'float16', dims: [4] })
    expect(Object.keys(outputs)).toEqual(model.outputs.map(({ name }) => name))
    await model.dispose()
    expect(readdirSync(temporary())).toEqual([])
  })

  it('of names that the model has not are refused', async () => {
    const model = await Model.load(path, { backend: 'apple' })
    await expect(model.predictDetailed(inputs, { intermediates: ['nothing'] })).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
    await model.dispose()
    expect(readdirSync(temporary())).toEqual([])
  })
})
