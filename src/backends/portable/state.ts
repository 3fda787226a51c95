import { CoreMLError } from '../../errors.ts'
import { convertData } from '../../model/convert.ts'
import type { StateFeature } from '../../model/description.ts'
import { allocate, copyOf, elementCount, type Tensor, type TensorType } from '../../model/tensor.ts'
import type { BackendState } from '../backend.ts'
import type { RuntimeClient } from './runtime/client.ts'

let nextState = 1

/** States whose object was forgotten without `dispose()` are released when it is collected. */
const forgotten = new FinalizationRegistry<() => void>((release) => release())

/** The state of one sequence. Its tensors live next to the sessions; they start as zeros. */
export class PortableState implements BackendState {
  readonly #id = nextState++
  readonly #client: RuntimeClient
  readonly #features: readonly StateFeature[]
  #disposed = false

  constructor(client: RuntimeClient, features: readonly StateFeature[]) {
    this.#client = client
    this.#features = features
    const tensors: Record<string, Tensor> = {}
    for (const { name, dataType, shape } of features) {
      const type = computedType(dataType)
      tensors[name] = { type, data: allocate(type, elementCount(shape)), dims: shape }
    }
    // Requests keep their order, so whatever uses the state comes after this. A failure shows there.
    client
      .ask(
        { kind: 'newState', state: this.#id, tensors },
        Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer),
      )
      .catch(() => {})
    const id = this.#id
    forgotten.register(this, () => void client.ask({ kind: 'releaseState', state: id }).catch(() => {}), this)
  }

  async read(name: string): Promise<Tensor> {
    const { dataType } = this.#feature(name)
    const { tensor } = await this.#client.ask({ kind: 'readState', state: this.#id, name })
    return { type: dataType, data: convertData(tensor.data, tensor.type, dataType), dims: tensor.dims }
  }

  async write(name: string, value: Tensor): Promise<void> {
    const { dataType, shape } = this.#feature(name)
    if (value.dims.length !== shape.length || value.dims.some((dim, axis) => dim !== shape[axis])) {
      throw new CoreMLError('ERR_INPUT', `state "${name}": expected shape [${shape.join(', ')}], got [${value.dims.join(', ')}]`)
    }
    // Through the declared type first: what it cannot hold must not live on in the wider one.
    const declared = convertData(value.data, value.type, dataType)
    const type = computedType(dataType)
    const converted = convertData(declared, dataType, type)
    const data = converted.buffer === value.data.buffer ? copyOf(converted) : converted
    await this.#client.ask({ kind: 'writeState', state: this.#id, name, tensor: { type, data, dims: shape } }, [data.buffer as ArrayBuffer])
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    forgotten.unregister(this)
    this.#client.ask({ kind: 'releaseState', state: this.#id }).catch(() => {})
  }

  /** The number by which runs name it. @throws CoreMLError ERR_DISPOSED */
  use(): number {
    if (this.#disposed) throw new CoreMLError('ERR_DISPOSED', 'the state was disposed')
    return this.#id
  }

  /** Whether the sessions of this client can use it. */
  livesIn(client: RuntimeClient): boolean {
    return client === this.#client
  }

  #feature(name: string): StateFeature {
    this.use()
    const feature = this.#features.find((each) => each.name === name)
    if (!feature)
      throw new CoreMLError(
        'ERR_INPUT',
        `the model has no state "${name}"; it has ${this.#features.map((each) => `"${each.name}"`).join(', ')}`,
      )
    return feature
  }
}

/** The type in which a state of a declared type lives in the graph: float16 is computed in float32. */
export function computedType(declared: TensorType): TensorType {
  return declared === 'float16' ? 'float32' : declared
}
