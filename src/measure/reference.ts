import type { LoadOptions } from '../backends/backend.ts'
import { CoreMLError } from '../errors.ts'
import type { ModelDescription } from '../model/description.ts'
import { accuracyLimits, compareOutputs, type Outputs } from './accuracy.ts'
import { readCases } from './cases.ts'
import type { BackendChoice, InputSource } from './protocol/calls.ts'
import { UnitEndError, UnitProcess } from './protocol/unit-process.ts'
import type { Accuracy } from './result.ts'

/** Outputs that units are held against, and where they come from; or why there are none. */
export type Reference = { source: 'given' | 'stored' | 'portableFloat32'; cases: Outputs[]; psnr: number } | { unavailable: string }

/**
 * Expected outputs out of a file, for each case of the inputs.
 * @throws CoreMLError ERR_INPUT where it holds more cases or fewer: some would go unchecked
 */
export async function referenceFromFile(
  path: string,
  inputs: InputSource,
  description: ModelDescription,
  source: 'given' | 'stored',
  psnr = accuracyLimits.psnr,
): Promise<Reference> {
  const cases = await readCases(path, description, 'outputs')
  const [count, where] =
    inputs.kind === 'file' ? [(await readCases(inputs.path, description, 'inputs')).length, inputs.path] : [inputs.variants, 'made up']
  if (cases.length !== count)
    throw new CoreMLError(
      'ERR_INPUT',
      `the numbers of cases differ: ${cases.length} of expected outputs (${path}), ${count} of inputs (${where})`,
    )
  return { source, cases, psnr }
}

/** What a computation of the reference needs. */
export interface ReferenceRequest {
  model: string
  inputs: InputSource
  cases: number
  loadOptions: Partial<LoadOptions>
  timeoutMilliseconds: number
  signal?: AbortSignal
}

/** The portable backend's outputs in float32, from a process of its own. `choice` is the backend under test. */
export async function referenceFromPortable(choice: BackendChoice, request: ReferenceRequest): Promise<Reference> {
  if (choice.name === 'portable') {
    return { unavailable: 'the portable backend is itself the reference where no expected outputs are given (--expected FILE.npz)' }
  }
  const { model, inputs, cases, loadOptions, timeoutMilliseconds, signal } = request
  const child = new UnitProcess()
  const stop = () => void child.kill()
  signal?.addEventListener('abort', stop)
  try {
    const options: LoadOptions = { ...loadOptions, computeUnits: 'cpuOnly', precision: 'float32' }
    await child.call('load', { backend: { name: 'portable' }, model, options, inputs }, 'reference', timeoutMilliseconds)
    const outputs = await child.call('outputs', { limit: cases }, 'reference', timeoutMilliseconds)
    return { source: 'portableFloat32', cases: outputs, psnr: accuracyLimits.psnr }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof UnitEndError)) throw error
    const { end } = error
    const how = end.status === 'failed' ? end.message : end.status === 'crashed' ? end.how : 'it took too long'
    return { unavailable: `the portable backend could not compute the reference: ${how}` }
  } finally {
    signal?.removeEventListener('abort', stop)
    await child.kill()
  }
}

/** Holds a unit's outputs against the reference. */
export function checkAccuracy(description: ModelDescription, reference: Reference, outputs: readonly Outputs[]): Accuracy {
  if ('unavailable' in reference) return { status: 'notChecked', reason: reference.unavailable }
  const samples = Math.min(reference.cases.length, outputs.length)
  if (samples === 0) return { status: 'notChecked', reason: 'the unit gave no outputs' }
  const compared = compareOutputs(description, reference.cases.slice(0, samples), outputs, { psnr: reference.psnr })
  if (compared.length === 0) throw new CoreMLError('ERR_INPUT', 'the expected outputs name no output of the model')
  return { status: 'checked', passed: compared.every(({ passed }) => passed), reference: reference.source, samples, outputs: compared }
}
