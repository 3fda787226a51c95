import type { Block } from '../../../../format/index.ts'
import type { GraphBuilder } from '../../onnx/builder.ts'
import { ifElse } from '../../onnx/if-any.ts'
import { commonDims, constantNumbers, type Dim, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import type { Operand } from '../operand.ts'
import type { StateValue } from '../program.ts'
import { Scope } from '../scope.ts'
import { milType } from '../types.ts'

/** Names of the states that blocks write, in the words of the scope around them. */
function statesWritten(op: OpContext): string[] {
  const names = new Set<string>()
  const visit = (block: Block) => {
    for (const operation of block.operations) {
      // coremltools writes write_state's state as `input`.
      const state = (operation.inputs.state ?? operation.inputs.input)?.arguments[0]?.binding
      if (/update_state$|^write_state$/.test(operation.type) && state?.case === 'name') names.add(state.value)
      operation.blocks.forEach(visit)
    }
  }
  op.blocks.forEach(visit)
  return [...names].map((name) => {
    const operand = op.scope.get(name)
    return operand.kind === 'state' ? operand.name : op.fail(`${name} is no state`)
  })
}

/** The tensor that stands for an operand where it crosses the border of a block. */
function carried(op: OpContext, operand: Operand): Value {
  return operand.kind === 'list' ? operand.value : op.valueOf(operand, 'of a block')
}

/** `operand` with another value in its place. */
function withValue(op: OpContext, operand: Operand, value: Value): Operand {
  if (operand.kind === 'list') return { ...operand, value }
  if (operand.kind === 'tensor') return { ...operand, value }
  if (operand.kind === 'constant') return { kind: 'tensor', value, type: { kind: 'tensor', dtype: operand.dtype, dims: value.dims } }
  return op.fail('a block gives what is no tensor')
}

/** Runs `body` with states of its own; gives its result and the states as they are then. */
function withStates<T>(op: OpContext, replaced: ReadonlyMap<string, Value>, body: () => T): { result: T; after: Map<string, StateValue> } {
  const before = op.program.states
  op.program.states = new Map(before)
  for (const [name, value] of replaced) op.program.states.set(name, { ...before.get(name)!, value })
  const result = body()
  const after = op.program.states
  op.program.states = before
  return { result, after }
}

function setStates(op: OpContext, names: readonly string[], values: readonly Value[]): void {
  names.forEach((name, index) => {
    op.program.states.set(name, { ...op.program.states.get(name)!, value: values[index]!, written: true })
  })
}

function cond(op: OpContext): Operand[] {
  const { builder } = op
  const predicate = builder.cast(builder.reshape(op.input('pred'), []), 'bool')
  const known = constantNumbers(predicate)
  // For the shapes that decide it, the other side may make no sense.
  if (known) return op.program.lowerBlock(op.blocks[known[0] ? 0 : 1]!, new Scope(op.scope), builder)
  const states = statesWritten(op)
  let operands: Operand[] = []
  const branches = op.blocks.map((block) =>
    builder.subgraph([], (inner) => {
      const { result, after } = withStates(op, new Map(), () => op.program.lowerBlock(block, new Scope(op.scope), inner))
      operands = result
      return [...result.map((operand) => carried(op, operand)), ...states.map((name) => after.get(name)!.value)]
    }),
  )
  const values = ifElse(builder, predicate, branches[0]!, branches[1]!)
  setStates(op, states, values.slice(operands.length))
  return operands.map((operand, index) => withValue(op, operand, values[index]!))
}

/** The most that is known of a loop variable's shape in every iteration. */
function loopDims(block: Block, index: number, operand: Operand, value: Value): readonly Dim[] {
  if (operand.kind === 'list') return value.dims.map(() => null)
  const type = milType(block.inputs[index]?.type)
  return type.kind === 'tensor' ? commonDims(type.dims, value.dims) : value.dims
}

function whileLoop(op: OpContext): Operand[] {
  const { builder } = op
  const [condition, body] = op.blocks as [Block, Block]
  const states = statesWritten(op)
  const initial = op.operands('loop_vars')
  const values = initial.map((operand) => carried(op, operand))
  const stateValues = states.map((name) => op.program.states.get(name)!.value)

  const bind = (block: Block, operands: readonly Operand[]) => {
    const scope = new Scope(op.scope)
    block.inputs.forEach((input, index) => {
      scope.set(input.name, operands[index]!)
    })
    return scope
  }
  const test = (inner: GraphBuilder, operands: readonly Operand[]): Value => {
    const [result] = op.program.lowerBlock(condition, bind(condition, operands), inner)
    return inner.cast(inner.reshape(carried(op, result!), []), 'bool')
  }

  const first = test(builder, initial)
  const ports = [
    { type: 'int64' as const, dims: [] },
    { type: 'bool' as const, dims: [] },
    ...values.map((value, index) => ({ type: value.type, dims: loopDims(body, index, initial[index]!, value) })),
    ...stateValues.map((value) => ({ type: value.type, dims: value.dims })),
  ]
  let operands: Operand[] = []
  const { graph, outputs } = builder.subgraph(ports, (inner, inputs) => {
    const variables = inputs.slice(2, 2 + values.length)
    const current = initial.map((operand, index) => withValue(op, operand, variables[index]!))
    const replaced = new Map(states.map((name, index) => [name, inputs[2 + values.length + index]!]))
    const { result, after } = withStates(op, replaced, () => op.program.lowerBlock(body, bind(body, current), inner))
    // A constant that the loop starts or goes on with is a variable all the same.
    operands = result.map((operand, index) => withValue(op, operand, carried(op, operand.kind === 'values' ? initial[index]! : operand)))
    const { result: again } = withStates(op, new Map(states.map((name) => [name, after.get(name)!.value])), () => test(inner, operands))
    return [again, ...operands.map((operand) => carried(op, operand)), ...states.map((name) => after.get(name)!.value)]
  })
  const types = ports.slice(2).map((port, index) => ({ type: port.type, dims: commonDims(port.dims, outputs[index + 1]!.dims) }))
  const results = builder.ops('Loop', [null, first, ...values, ...stateValues], { body: graph }, { types })
  setStates(op, states, results.slice(values.length))
  return operands.map((operand, index) => withValue(op, operand, results[index]!))
}

/** Branches and loops. */
export const controlFlow: LoweringTable = {
  cond,
  select: (op) => {
    const { builder } = op
    const a = op.input('a')
    const b = builder.cast(op.input('b'), a.type)
    const condition = builder.cast(op.input('cond'), 'bool')
    if (a.type !== 'bool') return builder.op('Where', [condition, a, b])
    // onnxruntime has no kernel for choosing among bools.
    return builder.op('Or', [builder.op('And', [condition, a]), builder.op('And', [builder.op('Not', [condition]), b])])
  },
  while_loop: whileLoop,
}
