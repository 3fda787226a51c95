import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import type { EvaluateOptions, Evaluator, EvaluatorContext } from '../../../src/backends/portable/evaluator.ts'
import { makePipelineEvaluator } from '../../../src/backends/portable/pipeline.ts'
import { type Model, pipelineOf } from '../../../src/format/index.ts'
import type { Features } from '../../../src/model/values.ts'
import { FeatureDescriptionSchema, ModelSchema } from '../../protobuf-schemas.ts'

const context: EvaluatorContext = { options: { computeUnits: 'all' }, label: 'model' }
const feature = (name: string, isOptional = false) => ({ name, type: { type: { case: 'doubleType' as const, value: {} }, isOptional } })
function stage(inputs: string[], outputs: string[]): Model {
  return create(ModelSchema, {
    description: { input: inputs.map((name) => feature(name)), output: outputs.map((name) => feature(name)) },
    type: { case: 'identity', value: {} },
  })
}

function pipeline(inputs: string[], outputs: string[], models: Model[], names: string[] = []): Model {
  return create(ModelSchema, {
    description: { input: inputs.map((name) => feature(name)), output: outputs.map((name) => feature(name)) },
    type: { case: 'pipeline', value: { models, names } },
  })
}

/** Stages that add up their inputs and 1, and keep a record of what was asked of them. */
function recorder() {
  const events: string[] = []
  const seen: { inputs: Features; options: EvaluateOptions }[] = []
  const make = async (spec: Model, { label }: EvaluatorContext): Promise<Evaluator> => {
    if (pipelineOf(spec)) return makePipelineEvaluator(spec, { ...context, label }, make)
    events.push(`make ${label}`)
    return {
      async run(inputs, options) {
        seen.push({ inputs, options })
        const sum = Object.values(inputs).reduce<number>((total, value) => total + Number(value), 1)
        return Object.fromEntries((spec.description?.output ?? []).map(({ name }) => [name, sum]))
      },
      async dispose() {
        events.push(`dispose ${label}`)
      },
    }
  }
  return { events, seen, make }
}

describe('pipelines', () => {
  it('hand values on by name; the latest of a name counts', async () => {
    const { make, seen } = recorder()
    const model = pipeline(['a', 'b'], ['c', 'a'], [stage(['a'], ['a']), stage(['a', 'b'], ['c'])])
    const evaluator = await makePipelineEvaluator(model, context, make)
    expect(await evaluator.run({ a: 1, b: 10 }, {})).toEqual({ a: 2, c: 13 })
    expect(seen.map(({ inputs }) => inputs)).toEqual([{ a: 1 }, { a: 2, b: 10 }])
    expect(
      await evaluator.runBatch!(
        [
          { a: 1, b: 10 },
          { a: 2, b: 0 },
        ],
        {},
      ),
    ).toEqual([
      { a: 2, c: 13 },
      { a: 3, c: 4 },
    ])
  })

  it('may hold pipelines', async () => {
    const { make, events } = recorder()
    const inner = pipeline(['x'], ['y'], [stage(['x'], ['m']), stage(['m'], ['y'])], ['first', 'second'])
    const outer = await makePipelineEvaluator(pipeline(['x'], ['z'], [inner, stage(['y'], ['z'])]), context, make)
    expect(await outer.run({ x: 0 }, {})).toEqual({ z: 3 })
    await outer.dispose()
    expect(events).toContain("make model, stage 1 (pipeline), stage 2 'second' (identity)")
    expect(events.filter((event) => event.startsWith('dispose'))).toHaveLength(3)
  })

  it('may leave optional inputs of stages out', async () => {
    const { make, seen } = recorder()
    const optional = stage(['x'], ['y'])
    for (const name of ['hint', 'constructor']) optional.description!.input.push(create(FeatureDescriptionSchema, feature(name, true)))
    const evaluator = await makePipelineEvaluator(pipeline(['x'], ['y'], [optional]), context, make)
    await evaluator.run({ x: 1 }, {})
    expect(seen[0]?.inputs).toEqual({ x: 1 })
    expect(seen[0]?.inputs.constructor).toBeUndefined()
  })

  it('are refused where a name comes from nowhere, and give back the stages made so far', async () => {
    const { make, events } = recorder()
    const wrong = pipeline(['a'], ['c'], [stage(['a'], ['b']), stage(['q'], ['c'])])
    await expect(makePipelineEvaluator(wrong, context, make)).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(/stage 2 \(identity\) takes 'q', which neither/),
    })
    expect(events).toEqual(['make model, stage 1 (identity)', 'dispose model, stage 1 (identity)'])
    await expect(makePipelineEvaluator(pipeline(['a'], ['z'], [stage(['a'], ['b'])]), context, make)).rejects.toMatchObject({
      message: expect.stringMatching(/no stage gives the pipeline's output 'z'/),
    })
    await expect(makePipelineEvaluator(pipeline(['a'], [], []), context, make)).rejects.toMatchObject({
      message: expect.stringMatching(/no models/),
    })
  })

  it('pass a state to the stage that has one', async () => {
    const { make, seen } = recorder()
    const stateful = stage(['b'], ['c'])
    stateful.description!.state = [create(FeatureDescriptionSchema, feature('cache'))]
    const evaluator = await makePipelineEvaluator(pipeline(['a'], ['c'], [stage(['a'], ['b']), stateful]), context, make)
    const state = { read: async () => Promise.reject(), write: async () => {}, dispose() {} }
    await evaluator.run({ a: 1 }, { state })
    expect(seen.map(({ options }) => options.state)).toEqual([undefined, state])
  })

  it("read the caller's arrays before the first stage has run, and give back none of them", async () => {
    const make = async (spec: Model): Promise<Evaluator> => ({
      async run(inputs) {
        await new Promise((resolve) => setImmediate(resolve))
        return Object.fromEntries((spec.description?.output ?? []).map(({ name }) => [name, Object.values(inputs)[0]!]))
      },
      async dispose() {},
    })
    const evaluator = await makePipelineEvaluator(
      pipeline(['a', 'b'], ['d', 'b'], [stage(['a'], ['c']), stage(['b', 'c'], ['d'])]),
      context,
      make,
    )
    const given = () => ({ type: 'float32' as const, data: Float32Array.of(1, 2), dims: [2] })
    const one = { a: given(), b: given() }
    const batch = [{ a: given(), b: given() }]
    const running = [evaluator.run(one, {}), evaluator.runBatch!(batch, {}).then(([first]) => first!)]
    for (const { b } of [one, ...batch]) b.data.fill(7)
    for (const outputs of await Promise.all(running)) expect(outputs).toEqual({ d: given(), b: given() })
  })

  it('stop between stages when they are aborted', async () => {
    const { make, seen } = recorder()
    const evaluator = await makePipelineEvaluator(pipeline(['a'], ['b'], [stage(['a'], ['b'])]), context, make)
    await expect(evaluator.run({ a: 1 }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen).toEqual([])
  })
})
