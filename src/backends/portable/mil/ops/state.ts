import type { LoweringTable, OpContext } from '../context.ts'
import { roundToFloat16 } from '../program.ts'
import { computeType } from '../types.ts'

function current(op: OpContext, parameter: string) {
  const state = op.state(parameter)
  return op.program.states.get(state.name) ?? op.fail(`there is no state "${state.name}"`)
}

function update(op: OpContext, parameter: string) {
  const state = current(op, parameter)
  let value = op.builder.cast(op.input(op.has('value') ? 'value' : 'data'), computeType(state.type.dtype))
  if (op.program.precision === 'asDeclared' && state.type.dtype === 'fp16') value = roundToFloat16(op.builder, value)
  op.program.states.set(op.state(parameter).name, { ...state, value, written: true })
  return value
}

/** States: tensors that live from one prediction to the next. */
export const state: LoweringTable = {
  read_state: (op) => current(op, 'input').value,
  coreml_update_state: (op) => update(op, 'state'),
  write_state: (op) => {
    update(op, op.has('state') ? 'state' : 'input')
    return []
  },
}
