import { staticDim, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { matmul } from './linear.ts'

/** An attention mask as numbers to add: of bool, true takes part. */
function additive(op: OpContext, mask: Value): Value {
  if (mask.type !== 'bool') return mask
  const { builder } = op
  return builder.op('Where', [mask, builder.scalar(0), builder.scalar(Number.NEGATIVE_INFINITY)])
}

/** Attention. */
export const attention: LoweringTable = {
  scaled_dot_product_attention: (op) => {
    const { builder } = op
    const query = op.input('query')
    const scale = 1 / Math.sqrt(staticDim(query, -1))
    let scores = matmul(builder, query, op.input('key'), { transposeY: true, scale })
    const mask = op.optional('attn_mask')
    if (mask) scores = builder.op('Add', [scores, additive(op, mask)])
    return builder.op('MatMul', [builder.op('Softmax', [scores], { axis: -1 }), op.input('value')])
  },
}
