import { CoreMLError } from '../errors.ts'
import type { Model } from './gen/model_pb.ts'
import type { Argument, Block, Function as MilFunction, Operation, Program, Value } from './gen/program_pb.ts'

/**
 * Names of the functions of a model, the default one first: one name, `main`, for all but multi-function ML Programs.
 */
export function functionNames(spec: Model): string[] {
  const functions = spec.description?.functions ?? []
  if (functions.length === 0) return ['main']
  const names = functions.map(({ name }) => name)
  const first = spec.description?.defaultFunctionName ?? ''
  return names.includes(first) ? [first, ...names.filter((name) => name !== first)] : names
}

/** The function called `name`, or the default one. Throws ERR_ARGUMENT, naming those that there are. */
export function chooseFunction(spec: Model, name?: string): string {
  const names = functionNames(spec)
  const chosen = name ?? (names[0] as string)
  if (!names.includes(chosen)) {
    throw new CoreMLError('ERR_ARGUMENT', `the model has no function "${chosen}"; it has ${names.map((other) => `"${other}"`).join(', ')}`)
  }
  return chosen
}

/** A function of an ML Program. Throws ERR_MODEL_INVALID if it is missing. */
export function programFunction(program: Program, name: string): MilFunction {
  const found = Object.hasOwn(program.functions, name) ? program.functions[name] : undefined
  if (found === undefined) throw new CoreMLError('ERR_MODEL_INVALID', `the ML Program has no function "${name}"`)
  return found
}

/** The block of a function for its opset. Throws ERR_MODEL_INVALID if it is missing. */
export function functionBlock(name: string, milFunction: MilFunction): Block {
  const block = milFunction.blockSpecializations[milFunction.opset]
  if (block === undefined)
    throw new CoreMLError('ERR_MODEL_INVALID', `function "${name}" has no block for its opset "${milFunction.opset}"`)
  return block
}

/** Every operation of a block and of the blocks inside it, in order. */
export function* operationsOf(block: Block): Generator<Operation> {
  for (const operation of block.operations) {
    yield operation
    for (const inner of operation.blocks) yield* operationsOf(inner)
  }
}

/** The single constant that an argument is, directly or by the name of a `const` of `block`. */
export function constantArgument(argument: Argument | undefined, block: Block): Value | undefined {
  const binding = argument?.arguments[0]?.binding
  if (binding?.case === 'value') return binding.value
  if (binding?.case !== 'name') return undefined
  const source = block.operations.find((operation) => operation.outputs.some(({ name }) => name === binding.value))
  return source?.type === 'const' ? source.attributes.val : undefined
}
