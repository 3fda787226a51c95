import { CoreMLError } from '../../../errors.ts'
import type { Block, Operation } from '../../../format/index.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import { constantNumbers, UnknownDimensionError, type Value } from '../onnx/value.ts'
import type { MilConstant } from './constant.ts'
import type { ListOperand, Operand, StateOperand } from './operand.ts'
import type { ProgramLowering } from './program.ts'
import type { Scope } from './scope.ts'
import { type MilDtype, type MilTensorType, type MilType, milType } from './types.ts'

/** What a lowering gives for each output of its op. */
export type Lowered = Value | Operand

/** Lowers one op: gives its outputs in order. */
export type Lowering = (op: OpContext) => Lowered | readonly Lowered[]

/** Lowerings by op name. */
export type LoweringTable = Readonly<Record<string, Lowering>>

/** One op of the program while it is lowered: its inputs by parameter name, its declared outputs, and the graph it becomes part of. */
export class OpContext {
  readonly type: string
  /** Name of the first output: what the program calls the op. */
  readonly name: string
  /** Number of the opset: 15 for iOS 15 (`CoreML5`), … */
  readonly opset: number
  readonly builder: GraphBuilder
  readonly scope: Scope
  readonly program: ProgramLowering
  readonly outputTypes: readonly MilType[]
  readonly #operation: Operation

  constructor(operation: Operation, builder: GraphBuilder, scope: Scope, program: ProgramLowering) {
    this.#operation = operation
    this.type = operation.type
    this.name = operation.outputs[0]?.name ?? operation.type
    this.builder = builder
    this.scope = scope
    this.program = program
    this.opset = program.opset
    this.outputTypes = operation.outputs.map((output) => milType(output.type))
  }

  get outputNames(): string[] {
    return this.#operation.outputs.map((output) => output.name)
  }

  get blocks(): readonly Block[] {
    return this.#operation.blocks
  }

  /** Every operand of a parameter; empty where it is left out. Parameters of constexpr ops were attributes before iOS 18. */
  operands(parameter: string): Operand[] {
    const { inputs, attributes } = this.#operation
    if (Object.hasOwn(inputs, parameter)) {
      return inputs[parameter]!.arguments.map(({ binding }, index) => {
        if (binding.case === 'name') return this.scope.get(binding.value)
        if (binding.case === 'value') return this.program.literal(`${this.name}_${parameter}${index || ''}`, binding.value)
        throw new CoreMLError('ERR_MODEL_INVALID', `${this}: parameter ${parameter} is bound to nothing`)
      })
    }
    if (Object.hasOwn(attributes, parameter)) return [this.program.literal(`${this.name}_${parameter}`, attributes[parameter]!)]
    return []
  }

  operand(parameter: string): Operand | undefined {
    return this.operands(parameter)[0]
  }

  has(parameter: string): boolean {
    return this.operand(parameter) !== undefined
  }

  /** A tensor parameter. @throws CoreMLError ERR_MODEL_INVALID when it is left out. */
  input(parameter: string): Value {
    return this.optional(parameter) ?? this.fail(`parameter ${parameter} is missing`)
  }

  optional(parameter: string): Value | undefined {
    const operand = this.operand(parameter)
    return operand && this.valueOf(operand, parameter)
  }

  /** A parameter that takes any number of tensors, at least one. */
  inputs(parameter: string): Value[] {
    const values = this.operands(parameter).flatMap((operand) =>
      operand.kind === 'values' ? operand.values.map((item) => this.valueOf(item, parameter)) : [this.valueOf(operand, parameter)],
    )
    return values.length > 0 ? values : this.fail(`parameter ${parameter} is missing`)
  }

  valueOf(operand: Operand, parameter: string): Value {
    if (operand.kind === 'tensor') return operand.value
    if (operand.kind === 'constant') return operand.value(this.program.root)
    return this.fail(`parameter ${parameter} is no tensor`)
  }

  /** A parameter that is a constant of the program. */
  constant(parameter: string): MilConstant | undefined {
    const operand = this.operand(parameter)
    return operand?.kind === 'constant' ? operand : undefined
  }

  requiredConstant(parameter: string): MilConstant {
    return this.constant(parameter) ?? this.fail(`parameter ${parameter} has to be a constant`)
  }

  list(parameter: string): ListOperand {
    const operand = this.operand(parameter)
    return operand?.kind === 'list' ? operand : this.fail(`parameter ${parameter} is no list`)
  }

  state(parameter: string): StateOperand {
    const operand = this.operand(parameter)
    return operand?.kind === 'state' ? operand : this.fail(`parameter ${parameter} is no state`)
  }

  /** Declared element type of a parameter. */
  dtype(parameter: string): MilDtype {
    const operand = this.operand(parameter)
    if (operand?.kind === 'constant') return operand.dtype
    if (operand?.kind === 'tensor') return operand.type.dtype
    return this.fail(`parameter ${parameter} is no tensor`)
  }

  /** Numbers of a parameter whose value is known while lowering, or undefined. */
  known(parameter: string): number[] | undefined {
    const operands = this.operands(parameter)
    if (operands.length === 0) return undefined
    const numbers = operands.map((operand): number[] | undefined => {
      if (operand.kind === 'constant') return operand.numbers
      if (operand.kind === 'tensor') return constantNumbers(operand.value)
      if (operand.kind === 'values') return operand.values.flatMap((item) => (item.kind === 'constant' ? item.numbers : []))
      return undefined
    })
    return numbers.every((list) => list !== undefined) ? numbers.flat() : undefined
  }

  /** Numbers that lowering has to know. @throws UnknownDimensionError where they follow from a shape that is still open. */
  ints(parameter: string, fallback?: readonly number[]): number[] {
    const numbers = this.known(parameter)
    if (numbers) return numbers
    const operand = this.operand(parameter)
    if (operand?.kind === 'tensor') throw new UnknownDimensionError(operand.value)
    return fallback ? [...fallback] : this.fail(`parameter ${parameter} is missing`)
  }

  /** A single number that lowering has to know. */
  number(parameter: string, fallback?: number): number {
    const numbers = this.ints(parameter, fallback === undefined ? undefined : [fallback])
    return numbers[0] ?? this.fail(`parameter ${parameter} is empty`)
  }

  bool(parameter: string, fallback: boolean): boolean {
    return this.number(parameter, fallback ? 1 : 0) !== 0
  }

  bools(parameter: string, fallback: readonly boolean[]): boolean[] {
    return this.ints(parameter, fallback.map(Number)).map(Boolean)
  }

  string(parameter: string, fallback?: string): string {
    const operand = this.operand(parameter)
    if (operand?.kind === 'strings') return operand.values[0] ?? ''
    return fallback ?? this.fail(`parameter ${parameter} is missing`)
  }

  /** Declared type of an output that is a tensor. */
  output(index = 0): MilTensorType {
    const type = this.outputTypes[index]
    return type?.kind === 'tensor' ? type : this.fail(`output ${index} is no tensor`)
  }

  /** Refuses a use of the op that cannot be lowered. */
  unsupported(why: string): never {
    throw new CoreMLError('ERR_OP_UNSUPPORTED', `${this}: ${why}`)
  }

  fail(problem: string): never {
    throw new CoreMLError('ERR_MODEL_INVALID', `${this}: ${problem}`)
  }

  toString(): string {
    return `${this.type} "${this.name}"`
  }
}
