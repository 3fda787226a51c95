import { type ClassLabel, classLabel } from '../../../../model/class-labels.ts'
import type { MilConstant } from '../constant.ts'
import type { LoweringTable } from '../context.ts'

/** Integers as they are stored: those of 64 bits may be too large for a number. */
function integers({ stored }: MilConstant): ClassLabel[] {
  return Array.from(stored as ArrayLike<number | bigint>, classLabel)
}

/** The op that makes a model a classifier. */
export const classify: LoweringTable = {
  classify: (op) => {
    const classes = op.operands('classes')
    const labels = classes.flatMap((operand): ClassLabel[] => {
      if (operand.kind === 'strings') return [...operand.values]
      if (operand.kind === 'constant') return integers(operand)
      if (operand.kind === 'values') return operand.values.flatMap((item) => (item.kind === 'constant' ? integers(item) : []))
      return op.fail('the classes are no constants')
    })
    op.program.classify(op.input('probabilities'), labels, op.outputNames)
    return op.outputNames.map(() => ({ kind: 'classification' as const }))
  },
}
