// Importing the package must be quick: what needs much code is loaded when it is first called.
import type { CompareOptions, ModelToCompare } from './measure/options.ts'
import type { CompareResult } from './measure/result.ts'
import type { CompileOptions } from './model/compile.ts'
import type { ModelSummary } from './model/summary.ts'

/**
 * Measures models on every compute unit of this machine, each unit in a process of its own: load, first and steady prediction, and whether the outputs are right.
 * @param models one model or several, as paths or with their own inputs and expected outputs
 * @throws CoreMLError ERR_FILE, ERR_ARGUMENT, ERR_COMPUTE_UNIT_UNAVAILABLE, ERR_BACKEND_UNAVAILABLE; an AbortError. What fails on one unit is part of the result.
 */
export async function compare(
  models: string | ModelToCompare | readonly (string | ModelToCompare)[],
  options?: CompareOptions,
): Promise<CompareResult> {
  return (await import('./measure/compare.ts')).compare(models, options)
}

/**
 * What a model takes, gives and holds, as plain data, without loading it.
 * @throws CoreMLError ERR_ARGUMENT, ERR_FILE, ERR_MODEL_INVALID, ERR_MODEL_COMPILED
 */
export async function inspect(path: string | URL): Promise<ModelSummary> {
  return (await import('./model/inspect.ts')).inspect(path)
}

/**
 * Compiles a `.mlmodel` file or `.mlpackage` folder with Core ML into a `.mlmodelc` folder of its own, to ship or to keep. `Model.load` compiles by itself.
 * @param model path or `file:` URL of the model
 * @param destination path or `file:` URL of the folder that is made; it must end in `.mlmodelc`, and nothing may be there
 * @returns the absolute path of the folder
 * @throws CoreMLError ERR_FILE, ERR_ARGUMENT, ERR_COMPILE, ERR_BACKEND_UNAVAILABLE where there is no Core ML; an AbortError
 */
export async function compile(model: string | URL, destination: string | URL, options?: CompileOptions): Promise<string> {
  return (await import('./model/compile.ts')).compile(model, destination, options)
}
