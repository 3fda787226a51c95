import { performance } from 'node:perf_hooks'
import type { BackendState, LoadedModel } from '../../backends/backend.ts'
import { importBackend } from '../../backends/select.ts'
import { CoreMLError } from '../../errors.ts'
import { coerceInputs } from '../../model/coerce.ts'
import { imageFiles } from '../../model/image-files.ts'
import type { Features } from '../../model/values.ts'
import { ofOneShape, readInputs } from '../inputs.ts'
import type { BackendChoice, CallName, Calls, Counted, Timed } from './calls.ts'
import type { MeasurableBackend } from './measurable-backend.ts'

type Handlers = { [Name in CallName]: (request: Calls[Name]['request']) => Promise<Calls[Name]['response']> }

async function openBackend(choice: BackendChoice): Promise<MeasurableBackend> {
  if (choice.module === undefined) return importBackend(choice.name)
  return ((await import(choice.module)) as { backend: MeasurableBackend }).backend
}

/** One loaded model in one process, and the measurements that can be made of it. */
export class UnitSession {
  private backend: MeasurableBackend | undefined
  private model: LoadedModel | undefined
  /** Inputs to check the outputs with, and those of them that are timed. */
  private cases: Features[] = []
  private inputs: Features[] = []
  private next = 0
  private state: BackendState | undefined

  private readonly handlers: Handlers = {
    compile: async ({ backend, model, destination }) => {
      this.backend = await openBackend(backend)
      const { compile } = this.backend
      if (compile === undefined) return { unavailable: `the ${backend.name} backend has no compile step of its own` }
      const start = performance.now()
      await compile.call(this.backend, model, destination)
      return performance.now() - start
    },
    load: async ({ backend, model, options, inputs }) => {
      this.backend = await openBackend(backend)
      const start = performance.now()
      this.model = await this.backend.load(model, options)
      const elapsed = performance.now() - start
      const { loadTimes, unitVerified, description } = this.model
      this.cases = await readInputs(inputs, description)
      this.inputs = ofOneShape(this.cases)
      if (description.states.length > 0) this.state = this.model.newState()
      // Measured out here too: a figure of the backend's own must not be all that a verdict rests on.
      const compiling = typeof loadTimes.compile === 'number' ? loadTimes.compile : 0
      return {
        milliseconds: backend.name === 'apple' ? loadTimes.load : elapsed - compiling,
        compileMilliseconds: loadTimes.compile,
        unitVerified,
        description,
      }
    },
    plan: () => this.loaded.computePlan(),
    predict: async () => (await this.loaded.predict(this.nextInputs(), this.predictOptions())).nativeNanoseconds,
    warmUp: ({ iterations, milliseconds, limitMilliseconds }) => this.warmUp(iterations, milliseconds, limitMilliseconds),
    timed: async ({ iterations, milliseconds, settleMilliseconds }) => {
      if (settleMilliseconds > 0) await this.timed(Number.MAX_SAFE_INTEGER, settleMilliseconds)
      return this.timed(iterations, milliseconds)
    },
    roundTrip: async ({ milliseconds }) => {
      const beyond: number[] = []
      await this.repeat(milliseconds, async () => {
        const start = performance.now()
        // What Model.predict does: check and convert the values, then predict.
        const inputs = await coerceInputs(this.loaded.description.inputs, this.nextInputs(), { files: false }, imageFiles)
        const { nativeNanoseconds } = await this.loaded.predict(inputs, this.predictOptions())
        beyond.push(performance.now() - start - nativeNanoseconds / 1e6)
        return 1
      })
      return beyond
    },
    batch: async ({ size, milliseconds }) => {
      if (this.state !== undefined) return { unavailable: 'a model with state takes no batches' }
      return this.repeat(milliseconds, async () => {
        const batch = Array.from({ length: size }, () => this.nextInputs())
        return (await this.loaded.predictBatch(batch, {})).length
      })
    },
    inFlight: ({ count, milliseconds }) => this.inFlight(count, milliseconds),
    power: async () => (await this.backend?.powerCounters?.()) ?? { unavailable: 'this backend reads no energy counters' },
    condition: async ({ backend }) => {
      this.backend ??= await openBackend(backend)
      return this.backend.condition?.() ?? null
    },
    outputs: async ({ limit }) => {
      const results: Features[] = []
      // The cases of a model with state are steps of one sequence.
      const state = this.state && this.loaded.newState()
      for (const inputs of this.cases.slice(0, limit)) {
        results.push((await this.loaded.predict(inputs, state ? { state } : {})).outputs)
      }
      state?.dispose()
      return results
    },
    peakMemory: async () => process.resourceUsage().maxRSS * 1024,
    close: async () => {
      this.state?.dispose()
      const model = this.model
      this.model = undefined
      await model?.dispose()
      return null
    },
  }

  /** Does one call. */
  call<Name extends CallName>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['response']> {
    return this.handlers[name](request)
  }

  private get loaded(): LoadedModel {
    if (this.model === undefined) throw new CoreMLError('ERR_INTERNAL', 'a unit was asked to predict before its model was loaded')
    return this.model
  }

  private nextInputs(): Features {
    const inputs = this.inputs[this.next++ % this.inputs.length]
    if (inputs === undefined) throw new CoreMLError('ERR_INTERNAL', 'a unit has no inputs to predict from')
    return inputs
  }

  private predictOptions() {
    return this.state ? { state: this.state } : {}
  }

  private async timed(iterations: number, milliseconds: number): Promise<Timed> {
    const before = process.cpuUsage()
    const {
      nanoseconds,
      elapsedMilliseconds,
      qualityOfService = null,
    } = await this.loaded.runTimed(this.inputs, {
      iterations,
      durationMilliseconds: milliseconds,
      ...this.predictOptions(),
    })
    const { user, system } = process.cpuUsage(before)
    return { nanoseconds, elapsedMilliseconds, cpuMilliseconds: (user + system) / 1000, qualityOfService }
  }

  /** Warms up by count and by time; returns the predictions made. */
  private async warmUp(iterations: number, milliseconds: number, limitMilliseconds: number): Promise<number> {
    const start = performance.now()
    let made = 0
    while (made === 0 || performance.now() - start < limitMilliseconds) {
      const elapsed = performance.now() - start
      if (made >= iterations && elapsed >= milliseconds) break
      // In slices, so that the limit also ends a slow model's warm-up.
      made += (await this.timed(Math.max(1, iterations), Math.max(10, Math.min(milliseconds - elapsed, 100)))).nanoseconds.length
    }
    return made
  }

  private async repeat(milliseconds: number, work: () => Promise<number>): Promise<Counted> {
    const start = performance.now()
    let predictions = 0
    do predictions += await work()
    while (performance.now() - start < milliseconds)
    return { predictions, elapsedMilliseconds: performance.now() - start }
  }

  private async inFlight(count: number, milliseconds: number): Promise<Counted> {
    const start = performance.now()
    const lanes = await Promise.all(
      Array.from({ length: count }, async () => {
        const state = this.state && this.loaded.newState()
        const { predictions } = await this.repeat(milliseconds, async () => {
          await this.loaded.predict(this.nextInputs(), state ? { state } : {})
          return 1
        })
        state?.dispose()
        return predictions
      }),
    )
    return { predictions: lanes.reduce((sum, made) => sum + made, 0), elapsedMilliseconds: performance.now() - start }
  }
}
