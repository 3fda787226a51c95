import { fileURLToPath } from 'node:url'
import type { BackendName, ComputeUnits } from '../../src/backends/backend.ts'
import type { Model, ModelLoadOptions } from '../../src/model/model.ts'
import type { ModelSource } from '../../src/model/model-source.ts'
import type { Tensor } from '../../src/model/tensor.ts'
import type { Features } from '../../src/model/values.ts'
import { outputNumbers, psnr } from '../models/sample.ts'

/** Where the tests of the API run: how a model is loaded there, and what may be asked of it. */
export interface ApiHost {
  /** The backend that a model has without one being named. */
  backend: BackendName
  /** `Model.load`, as a user of this machine calls it. */
  load(source: ModelSource, options?: ModelLoadOptions): Promise<Model>
  /** The least PSNR in dB where `declared` is the model's own; absent where outputs are no inference (the stand-in's), so that values are not compared. */
  leastPsnr?(declared: number): number
  /** The compute units of this machine; absent where they are whatever the backend finds. */
  units?: readonly ComputeUnits[]
  /** The system has states, several functions, weights in memory: macOS 15. */
  hasStates: boolean
  /** 'maybe' where it depends on the system. */
  plans: 'operations' | 'unavailable' | 'maybe'
  /** Predictions take long from now on, so that those behind wait; absent where it cannot be told. */
  slowDown?(): void
}

/** The path of a file of this project. */
export const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Sample models and fixtures, all written by Apple's converter. */
export const models = {
  digits: file('models/digits-cnn/digits-cnn.mlpackage'),
  network: file('models/digits-cnn/digits-cnn.mlmodel'),
  detector: file('models/detector/detector.mlpackage'),
  rnn: file('models/rnn/rnn.mlpackage'),
  lstm: file('models/lstm/lstm.mlpackage'),
  diffusion: file('models/diffusion-step/diffusion-step.mlpackage'),
  decoder: file('models/decoder/decoder.mlpackage'),
  trees: file('models/trees/trees.mlmodel'),
  /** One float32 input `x` [1, 2, 7, 6], several float32 outputs, among them `max` and `avg` [1, 2, 4, 3]. */
  pool: file('tests/fixtures/mil/pool.mlpackage'),
  /** Functions `prefill` and `decode` over one state. */
  functions: file('tests/fixtures/mil/functions-states.mlpackage'),
  /** An optional input with a default value. */
  optional: file('tests/fixtures/nn/optional-default.mlmodel'),
}

/** Loads, uses and disposes. */
export async function withModel<T>(
  host: ApiHost,
  source: ModelSource,
  use: (model: Model) => Promise<T>,
  options?: ModelLoadOptions,
): Promise<T> {
  const model = await host.load(source, options)
  try {
    return await use(model)
  } finally {
    await model.dispose()
  }
}

/** The elements of a tensor as numbers, whatever its type. */
export const numbersOf = (features: Features, name: string): number[] => outputNumbers(features[name]!).values

/** Equal as far as one backend's own results are: order and fusion of operations may differ between a lone prediction and a batch. */
export const alike = (left: readonly number[], right: readonly number[]): boolean => left.length === right.length && psnr(left, right) > 50

/** 64 samples for the forecasting model, exact in half precision; another signal for each seed. */
export function signal(seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 64 }, (_, i) => (((i * (2 * seed + 3)) % 17) - 8) / 8)
}

/** The forecasting model's input. */
export const past = (seed: number): { past: Tensor } => ({ past: { type: 'float32', dims: [1, 64, 1], data: signal(seed) } })

/** What the forecasting model makes of each seed, each alone. */
export async function forecasts(model: Model, count: number): Promise<number[][]> {
  const results: number[][] = []
  for (let seed = 0; seed < count; seed++) results.push(numbersOf(await model.predict(past(seed)), 'future'))
  return results
}
