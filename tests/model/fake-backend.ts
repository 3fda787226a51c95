import type {
  Backend,
  BackendState,
  ComputeUnits,
  LoadedModel,
  LoadOptions,
  Prediction,
  PredictOptions,
  TimedRun,
  TimedRunOptions,
  Unavailable,
} from '../../src/backends/backend.ts'
import type { ModelDescription } from '../../src/model/description.ts'
import { allocate, elementCount, type Tensor } from '../../src/model/tensor.ts'
import type { Features } from '../../src/model/values.ts'

/** A description of the given features. */
export function describing(parts: Partial<ModelDescription>): ModelDescription {
  return {
    inputs: [],
    outputs: [],
    states: [],
    metadata: { shortDescription: '', version: '', author: '', license: '', userDefined: {} },
    ...parts,
  }
}

class FakeState implements BackendState {
  readonly tensors = new Map<string, Tensor>()
  disposed = false

  async read(name: string): Promise<Tensor> {
    return this.tensors.get(name) ?? { type: 'float32', data: new Float32Array(2), dims: [2] }
  }

  async write(name: string, value: Tensor): Promise<void> {
    this.tensors.set(name, value)
  }

  dispose(): void {
    this.disposed = true
  }
}

/** A backend in memory: each prediction gives back its inputs, one after another, and is recorded. */
export class FakeBackend implements Backend {
  readonly name = 'portable'
  description: ModelDescription
  loads: { path: string; options: LoadOptions }[] = []
  predictions: { inputs: Features; options: PredictOptions }[] = []
  timedRuns: { inputs: Features[]; options: TimedRunOptions }[] = []
  disposals = 0
  states: FakeState[] = []
  /** Held by the test: predictions run while it is pending. */
  gate: Promise<unknown> = Promise.resolve()
  loadGate: Promise<unknown> = Promise.resolve()
  failure: Error | undefined

  constructor(description: ModelDescription) {
    this.description = description
  }

  available(): true | Unavailable {
    return true
  }

  async computeUnits(): Promise<Record<ComputeUnits, true | Unavailable>> {
    return {
      cpuOnly: true,
      cpuAndGPU: { unavailable: 'there is no GPU' },
      cpuAndNeuralEngine: { unavailable: 'there is no Neural Engine' },
      all: true,
    }
  }

  async load(path: string, options: LoadOptions): Promise<LoadedModel> {
    this.loads.push({ path, options })
    await this.loadGate
    if (this.failure) throw this.failure
    const predict = async (inputs: Features, predictOptions: PredictOptions): Promise<Prediction> => {
      this.predictions.push({ inputs, options: predictOptions })
      await this.gate
      if (this.failure) throw this.failure
      return { outputs: inputs, nativeNanoseconds: 1000 }
    }
    return {
      backend: this.name,
      computeUnits: options.computeUnits,
      unitVerified: true,
      description: this.description,
      loadTimes: { compile: { unavailable: 'nothing is compiled' }, load: 1 },
      predict,
      predictBatch: (batch, predictOptions) => Promise.all(batch.map((inputs) => predict(inputs, predictOptions))),
      runTimed: async (inputs, timedOptions): Promise<TimedRun> => {
        this.timedRuns.push({ inputs, options: timedOptions })
        return { nanoseconds: new Float64Array([5]), elapsedMilliseconds: 1, outputs: inputs[0]! }
      },
      newState: () => {
        const state = new FakeState()
        this.states.push(state)
        return state
      },
      computePlan: async () => [],
      allocate: (name) => {
        const feature = [...this.description.inputs, ...this.description.outputs].find((candidate) => candidate.name === name)
        if (feature?.type !== 'multiArray') throw new Error(`no multiarray ${name}`)
        return { type: feature.dataType, data: allocate(feature.dataType, elementCount(feature.shape)), dims: feature.shape }
      },
      dispose: async () => {
        this.disposals++
      },
    }
  }
}
