import { CoreMLError } from '../../../../errors.ts'
import type { CustomLayer as CustomLayerParams } from '../../../../format/index.ts'
import { elementCount, type Tensor } from '../../../../model/tensor.ts'
import type { CustomLayer } from '../../../backend.ts'
import type { NetworkWeights } from '../weights.ts'
import type { CustomStep } from './steps.ts'

/**
 * Runs the caller's implementation of a layer and puts what it gives among the blobs.
 *
 * @throws CoreMLError ERR_PREDICT where the implementation fails or gives something else than it announced
 */
export async function evaluateCustomLayer(
  { layer, params }: CustomStep,
  implementation: CustomLayer,
  weights: NetworkWeights,
  blobs: Map<string, Tensor>,
): Promise<void> {
  const where = `custom layer "${layer.name}" (${params.className})`
  const inputs = layer.input.map((name) => {
    const tensor = blobs.get(name)
    if (!tensor) throw new CoreMLError('ERR_MODEL_INVALID', `${where}: nothing computes its input "${name}"`)
    return tensor
  })
  const parameters = parametersOf(params)
  let shapes: number[][]
  let outputs: Tensor[]
  try {
    shapes = implementation.outputShapes(
      inputs.map(({ dims }) => dims),
      parameters,
    )
    outputs = await implementation.evaluate(
      inputs,
      parameters,
      params.weights.map((each) => weights.bytes(each)),
    )
  } catch (cause) {
    throw new CoreMLError('ERR_PREDICT', `${where} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  layer.output.forEach((name, index) => {
    const [tensor, shape] = [outputs[index], shapes[index]]
    const fits = tensor?.type === 'float32' && shape && tensor.dims.join() === shape.join() && tensor.data.length === elementCount(shape)
    if (!fits) {
      const came = tensor ? `${tensor.type} [${tensor.dims.join(', ')}] with ${tensor.data.length} elements` : 'nothing'
      throw new CoreMLError('ERR_PREDICT', `${where} gave ${came} as "${name}", where float32 [${shape?.join(', ') ?? '?'}] was announced`)
    }
    blobs.set(name, tensor)
  })
}

/** Parameters as plain values; whole numbers are numbers where that is exact. */
function parametersOf({ parameters }: CustomLayerParams): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { value }]) => {
      const plain = typeof value.value === 'bigint' && Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value
      return [name, plain]
    }),
  )
}
