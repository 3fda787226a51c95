import { describe, expect, it } from 'vitest'
import { timedLoop } from '../../../src/backends/portable/timed-loop.ts'
import { Model } from '../../../src/index.ts'

describe('a loop of predictions', () => {
  const run = async (limits: Parameters<typeof timedLoop>[0]) => {
    const seen: number[] = []
    const { nanoseconds } = await timedLoop(limits, async (index) => {
      seen.push(index)
      return 100 * index
    })
    return { seen, nanoseconds: [...nanoseconds] }
  }

  it('predicts once without a limit, else so many times', async () => {
    expect(await run({})).toEqual({ seen: [0], nanoseconds: [0] })
    expect(await run({ iterations: 3 })).toEqual({ seen: [0, 1, 2], nanoseconds: [0, 100, 200] })
  })

  it('times whole blocks, in the mean', async () => {
    expect(await run({ iterations: 4, block: 3 })).toEqual({ seen: [0, 1, 2, 3, 4, 5], nanoseconds: [100, 400] })
    expect(await run({ block: 2 })).toEqual({ seen: [0, 1], nanoseconds: [50] })
  })

  it('ends after a time, and not within a block', async () => {
    const { seen, nanoseconds } = await run({ durationMilliseconds: 1, block: 4 })
    expect(seen).toHaveLength(4 * nanoseconds.length)
  })
})

it('of a model that is computed on this thread lets others go on, and hears that it is aborted', async () => {
  const model = await Model.load('models/trees/trees.mlmodel', { backend: 'portable' })
  const abort = new AbortController()
  let ticks = 0
  const timer = setInterval(() => ++ticks === 3 && abort.abort(), 1)
  const inputs = { analysis: Array(13).fill(0) }
  await expect(model.runTimed(inputs, { durationMilliseconds: 4000, signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
  clearInterval(timer)
  await model.dispose()
})

it.each([
  ['models/trees/trees.mlmodel', { analysis: Array(13).fill(0) }],
  ['models/digits-cnn/digits-cnn.mlpackage', { image: { width: 28, height: 28, format: 'gray8' as const, data: new Uint8Array(28 * 28) } }],
])('blocks of %s', async (path, inputs: Record<string, unknown>) => {
  const model = await Model.load(path, { backend: 'portable' })
  const { nanoseconds, outputs } = await model.runTimed(inputs, { iterations: 6, block: 2 })
  expect(nanoseconds).toHaveLength(3)
  expect(Object.keys(outputs).sort()).toEqual(model.outputs.map(({ name }) => name).sort())
  await model.dispose()
})
