import { CoreMLError } from '../../../errors.ts'
import { readConstant } from '../../../format/constants.ts'
import type { Block, Value as MilValue, ModelFile, Operation } from '../../../format/index.ts'
import type { TensorType } from '../../../model/tensor.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import type { Dim, Value } from '../onnx/value.ts'
import { type MilLiteral, milLiteral } from './constant.ts'
import { type Lowered, OpContext } from './context.ts'
import type { Operand } from './operand.ts'
import { lowerings, movesElements } from './ops/index.ts'
import type { Scope } from './scope.ts'
import { computeType, type MilTensorType, type MilType } from './types.ts'

/** The value of a state at one point of the program. */
export interface StateValue {
  type: MilTensorType
  value: Value
  written: boolean
}

/** How fp16 values are computed: in float32, or each rounded as the program declares. */
export type Precision = 'float32' | 'asDeclared'

/** Lowers the blocks of one function into a graph. */
export class ProgramLowering {
  readonly root: GraphBuilder
  readonly opset: number
  readonly precision: Precision
  /** Current values of the states; blocks inside loops and branches replace them and put them back. */
  states = new Map<string, StateValue>()
  /** Values of the outermost block by the program's names, for those who want to look at them. */
  readonly inner = new Map<string, Value>()
  /** Names of the values that only blocks inside loops and branches compute. */
  readonly enclosed = new Set<string>()
  readonly #file: ModelFile
  readonly #problems = new Set<string>()
  #classifier: { scores: Value; labels: readonly (string | number | bigint)[]; names: readonly string[] } | undefined

  constructor(file: ModelFile, root: GraphBuilder, opset: number, precision: Precision) {
    this.#file = file
    this.root = root
    this.opset = opset
    this.precision = precision
  }

  /** What the `classify` op of the program set. */
  get classifier(): { scores: Value; labels: readonly (string | number | bigint)[]; names: readonly string[] } | undefined {
    return this.#classifier
  }

  classify(scores: Value, labels: readonly (string | number | bigint)[], names: readonly string[]): void {
    this.#classifier = { scores, labels, names }
  }

  literal(name: string, value: MilValue): MilLiteral {
    return milLiteral(name, readConstant(this.#file, value))
  }

  /**
   * Lowers the function's outermost block; gives its outputs.
   * @throws CoreMLError ERR_OP_UNSUPPORTED that names everything that cannot be lowered
   */
  lowerFunction(block: Block, scope: Scope): Operand[] {
    this.#refuseUnknown(block)
    let outputs: Operand[]
    try {
      outputs = this.lowerBlock(block, scope, this.root)
    } catch (error) {
      // What followed an op that could not be lowered may have failed for that alone.
      if (this.#problems.size === 0) throw error
      outputs = []
    }
    if (this.#problems.size > 0) {
      throw new CoreMLError('ERR_OP_UNSUPPORTED', `the program has ops that cannot be run here: ${[...this.#problems].join('; ')}`)
    }
    return outputs
  }

  /** Lowers a block into `builder`; gives its outputs. */
  lowerBlock(block: Block, scope: Scope, builder: GraphBuilder): Operand[] {
    for (const operation of block.operations) {
      if (operation.type === 'const') {
        const name = operation.outputs[0]?.name ?? ''
        const value = operation.attributes.val
        if (!value) throw new CoreMLError('ERR_MODEL_INVALID', `const "${name}" has no value`)
        scope.set(name, this.literal(name, value))
      } else {
        this.#lowerOperation(operation, scope, builder)
      }
    }
    return block.outputs.map((name) => scope.get(name))
  }

  #lowerOperation(operation: Operation, scope: Scope, builder: GraphBuilder): void {
    const op = new OpContext(operation, builder, scope, this)
    let results: readonly Lowered[]
    const hint = builder.hint
    builder.hint = op.name
    try {
      const lowered = lowerings[operation.type]!(op)
      results = Array.isArray(lowered) ? (lowered as readonly Lowered[]) : [lowered as Lowered]
    } catch (error) {
      if (error instanceof CoreMLError && error.code === 'ERR_OP_UNSUPPORTED') {
        this.#problems.add(error.message)
        results = op.outputTypes.map((type, index) => placeholder(op.outputNames[index]!, type))
      } else if (error instanceof CoreMLError && error.code === 'ERR_MODEL_INVALID' && !error.message.includes(op.name)) {
        throw new CoreMLError(error.code, `${op}: ${error.message}`, { cause: error })
      } else if (error instanceof TypeError || error instanceof RangeError) {
        throw new CoreMLError('ERR_INTERNAL', `${op}: ${error.message}`, { cause: error })
      } else throw error
    }
    op.outputNames.forEach((name, index) => {
      const lowered = results[index]
      if (lowered === undefined) return
      const operand = 'kind' in lowered ? lowered : this.#settle(op, index, lowered)
      scope.set(name, operand)
      if (builder !== this.root) this.enclosed.add(name)
      else if (operand.kind === 'tensor') this.inner.set(name, operand.value)
    })
    builder.hint = hint
  }

  /** Brings a value to what the program declares for an output: its type, its rank, what it knows of its shape, its precision. */
  #settle(op: OpContext, index: number, lowered: Value): Operand {
    const type = op.outputTypes[index]!
    if (type.kind !== 'tensor') return op.fail(`output ${index} is declared as ${type.kind}`)
    if (lowered.dims.some((dim) => dim !== null && dim < 0)) {
      op.fail(`its input is smaller than its window, the result would be [${lowered.dims.join(', ')}]`)
    }
    let value = op.builder.cast(lowered, computeType(type.dtype))
    if (value.dims.length !== type.dims.length) {
      // A program may declare a single number with or without a dimension of one.
      const single = (dims: readonly Dim[]) => dims.every((dim) => dim === 1)
      if (single(value.dims) && single(type.dims)) value = op.builder.reshape(value, type.dims as number[])
      else {
        throw new CoreMLError(
          'ERR_MODEL_INVALID',
          `${op}: a result of ${value.dims.length} dimensions where the program declares ${type.dims.length}`,
        )
      }
    }
    if (this.precision === 'asDeclared' && type.dtype === 'fp16' && !movesElements.has(op.type)) value = roundToFloat16(op.builder, value)
    if (value.dims.some((dim, axis) => dim === null && type.dims[axis] !== null)) {
      value = { ...value, dims: value.dims.map((dim, axis) => dim ?? type.dims[axis]!) }
    }
    return { kind: 'tensor', value, type }
  }

  /** Names every op without a lowering, in this block and those inside it. */
  #refuseUnknown(block: Block): void {
    const counts = new Map<string, number>()
    const visit = (inner: Block) => {
      for (const operation of inner.operations) {
        if (operation.type !== 'const' && !Object.hasOwn(lowerings, operation.type)) {
          counts.set(operation.type, (counts.get(operation.type) ?? 0) + 1)
        }
        operation.blocks.forEach(visit)
      }
    }
    visit(block)
    if (counts.size === 0) return
    const names = [...counts].map(([name, count]) => (count > 1 ? `${name} (${count} times)` : name)).sort()
    throw new CoreMLError('ERR_OP_UNSUPPORTED', `the program has ops that cannot be run here: ${names.join(', ')}`)
  }
}

/** Rounds every element to half precision, and leaves it in float32. */
export function roundToFloat16(builder: GraphBuilder, value: Value): Value {
  return builder.cast(builder.cast(value, 'float16'), 'float32')
}

/** Stands for the output of an op that could not be lowered, so that the others can still be looked at. */
function placeholder(name: string, type: MilType): Lowered {
  if (type.kind === 'tensor') {
    let compute: TensorType = 'float32'
    if (type.dtype !== 'string') compute = computeType(type.dtype)
    return { name, type: compute, dims: type.dims }
  }
  if (type.kind === 'list' && type.element.kind === 'tensor') {
    return { kind: 'list', element: type.element, value: { name, type: 'float32', dims: [null, ...type.element.dims] } }
  }
  return { kind: 'classification' }
}
