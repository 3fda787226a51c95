// Inner values: a copy of the model, with those values as outputs, is compiled and asked.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Model } from '../../../src/model/model.ts'
import { standin, useStandin } from './addon.ts'
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

  it('asked for again, in the same words, come from the model that is loaded already', async () => {
    const model = await Model.load(path, { backend: 'apple' })
    for (const intermediates of [['squared'], ['squared'], 'all' as const, 'all' as const]) await model.predict(inputs, { intermediates })
    // The model itself, one with "squared" and one with everything.
    expect(standin.liveObjects().MLModel).toBe(3)
    await model.dispose()
    // Not by the garbage collector, which has not run.
    await expect.poll(() => standin.liveObjects().MLModel, { timeout: 5000 }).toBeUndefined()
  })

  it('that could not be had once are asked for anew', async () => {
    const model = await Model.load(path, { backend: 'apple' })
    standin.configure({ loadError: 1 })
    await expect(model.predict(inputs, { intermediates: ['squared'] })).rejects.toMatchObject({ code: 'ERR_LOAD' })
    standin.configure({ loadError: 0 })
    expect(await model.predict(inputs, { intermediates: ['squared'] })).toHaveProperty('squared')
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
