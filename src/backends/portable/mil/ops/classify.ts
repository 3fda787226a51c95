import type { LoweringTable } from '../context.ts'

/** The op that makes a model a classifier. */
export const classify: LoweringTable = {
  classify: (op) => {
    const classes = op.operands('classes')
    const labels = classes.flatMap((operand): (string | number)[] => {
      if (operand.kind === 'strings') return [...operand.values]
      if (operand.kind === 'constant') return operand.numbers
      if (operand.kind === 'values') return operand.values.flatMap((item) => (item.kind === 'constant' ? item.numbers : []))
      return op.fail('the classes are no constants')
    })
    op.program.classify(op.input('probabilities'), labels, op.outputNames)
    return op.outputNames.map(() => ({ kind: 'classification' as const }))
  },
}
