import { type Block, type Operation, operationsOf, type ValueType } from '../../../format/index.ts'
import { elementCount } from '../../../model/tensor.ts'
import { isStatic } from '../onnx/value.ts'
import { widenedHere } from './constant.ts'
import { computesOnQuantized } from './quantized-weight.ts'
import { type MilTensorType, milType } from './types.ts'

/** Where a value goes: a parameter of an operation. */
interface Use {
  operation: Operation
  parameter: string
}

/** What the values of a block are, and what takes them. */
class BlockValues {
  readonly #types = new Map<string, ValueType | undefined>()
  readonly #uses = new Map<string, Use[]>()

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      for (const { name, type } of operation.outputs) this.#types.set(name, type)
      for (const [parameter, { arguments: bindings }] of Object.entries(operation.inputs)) {
        for (const { binding } of bindings) if (binding.case === 'name') this.#use(binding.value, { operation, parameter })
      }
    }
  }

  #use(name: string, use: Use): void {
    const uses = this.#uses.get(name)
    if (uses) uses.push(use)
    else this.#uses.set(name, [use])
  }

  uses(name: string): readonly Use[] {
    return this.#uses.get(name) ?? []
  }

  /** The type of a parameter that is one tensor. Parameters of constexpr ops were attributes before iOS 18. */
  parameter({ inputs, attributes }: Operation, name: string): MilTensorType | undefined {
    const binding = inputs[name]?.arguments[0]?.binding
    if (binding?.case === 'name') return tensorType(this.#types.get(binding.value))
    return tensorType((binding?.value ?? attributes[name])?.type)
  }
}

function tensorType(type: ValueType | undefined): MilTensorType | undefined {
  if (type?.type.case !== 'tensorType') return undefined
  return milType(type) as MilTensorType
}

/** True where an op takes a weight of this form as it is stored. */
function takesQuantized({ operation, parameter }: Use, data: MilTensorType, scale: MilTensorType, offset?: MilTensorType): boolean {
  if (operation.type !== 'linear' || parameter !== 'weight' || !isStatic(data.dims) || !isStatic(scale.dims)) return false
  // A linear layer's result has the leading dimensions of its input.
  const leading = tensorType(operation.outputs[0]?.type)?.dims.slice(0, -1) ?? []
  return computesOnQuantized({ dtype: data.dtype, dims: data.dims, blocks: scale.dims, offsetDtype: offset?.dtype }, leading)
}

function isKept(weight: Operation, values: BlockValues): boolean {
  if (weight.type === 'constexpr_cast') {
    const { dims = [] } = values.parameter(weight, 'source_val') ?? {}
    return isStatic(dims) && elementCount(dims) > widenedHere
  }
  if (weight.type !== 'constexpr_blockwise_shift_scale') return false
  const data = values.parameter(weight, 'data')
  const scale = values.parameter(weight, 'scale')
  const offset = values.parameter(weight, 'offset')
  const uses = values.uses(weight.outputs[0]?.name ?? '')
  return data !== undefined && scale !== undefined && uses.length > 0 && uses.every((use) => takesQuantized(use, data, scale, offset))
}

/**
 * The compressed weights of a block, by the name that they have decompressed, which onnxruntime gets as they are stored. The others
 * are decompressed while the model loads; with the precision `asDeclared` all are.
 */
export function keptCompressed(block: Block): Set<string> {
  const operations = [...operationsOf(block)]
  const values = new BlockValues(operations)
  const kept = operations.filter((operation) => operation.type.startsWith('constexpr_') && isKept(operation, values))
  return new Set(kept.map(({ outputs }) => outputs[0]?.name ?? ''))
}
