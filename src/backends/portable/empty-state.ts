import { CoreMLError } from '../../errors.ts'
import type { Tensor } from '../../model/tensor.ts'
import type { BackendState } from '../backend.ts'

/** The state of a model that has none. */
export class EmptyState implements BackendState {
  read(name: string): Promise<Tensor> {
    return Promise.reject(noState(name))
  }

  write(name: string): Promise<void> {
    return Promise.reject(noState(name))
  }

  dispose(): void {}
}

function noState(name: string): CoreMLError {
  return new CoreMLError('ERR_INPUT', `the model has no state "${name}": it has no states at all`)
}
