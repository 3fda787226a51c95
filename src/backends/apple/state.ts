import { CoreMLError } from '../../errors.ts'
import type { Tensor } from '../../model/tensor.ts'
import type { BackendState } from '../backend.ts'
import type { NativeState } from './binding.ts'
import { native } from './native-errors.ts'
import { fromNativeArray, toNativeArray } from './native-values.ts'

/** The MLState of what a caller gave. @throws CoreMLError ERR_ARGUMENT for a state of another backend */
export function nativeState(state: BackendState | undefined): NativeState | undefined {
  if (state === undefined || state instanceof AppleState) return state?.handle
  throw new CoreMLError('ERR_ARGUMENT', 'the state belongs to a model of another backend')
}

/** An MLState. */
export class AppleState implements BackendState {
  readonly handle: NativeState

  constructor(handle: NativeState) {
    this.handle = handle
  }

  async read(name: string): Promise<Tensor> {
    return fromNativeArray(await native(this.handle.read(name)))
  }

  async write(name: string, { type, dims, data }: Tensor): Promise<void> {
    await native(this.handle.write(name, toNativeArray(type, dims, data)))
  }

  dispose(): void {
    this.handle.dispose()
  }
}
