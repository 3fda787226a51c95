import type { LoweringTable } from '../context.ts'
import { activation } from './activation.ts'
import { attention } from './attention.ts'
import { classify } from './classify.ts'
import { constexpr } from './constexpr.ts'
import { controlFlow } from './control-flow.ts'
import { conv } from './conv.ts'
import { elementwiseBinary } from './elementwise-binary.ts'
import { elementwiseUnary } from './elementwise-unary.ts'
import { imageResizing } from './image-resizing.ts'
import { linear } from './linear.ts'
import { list } from './list.ts'
import { nonMaximumSuppression } from './non-maximum-suppression.ts'
import { normalization } from './normalization.ts'
import { pooling } from './pool.ts'
import { quantization } from './quantization.ts'
import { random } from './random.ts'
import { recurrent } from './recurrent.ts'
import { reduction } from './reduction.ts'
import { scatterGather } from './scatter-gather.ts'
import { state } from './state.ts'
import { tensorOperation } from './tensor-operation.ts'
import { tensorTransformation } from './tensor-transformation.ts'

/** Every op that can be lowered, by family. */
export const families: Readonly<Record<string, LoweringTable>> = {
  activation,
  attention,
  classify,
  constexpr,
  controlFlow,
  conv,
  elementwiseBinary,
  elementwiseUnary,
  imageResizing,
  linear,
  list,
  nonMaximumSuppression,
  normalization,
  pooling,
  quantization,
  random,
  recurrent,
  reduction,
  scatterGather,
  state,
  tensorOperation,
  tensorTransformation,
}

export const lowerings: LoweringTable = Object.assign({}, ...Object.values(families))

/** Ops whose results are elements of their inputs, as they are: there is nothing to round. */
export const movesElements: ReadonlySet<string> = new Set([
  ...Object.keys(tensorTransformation),
  ...'band_part concat cond flatten2d gather gather_along_axis gather_nd identity list_gather list_read max_pool pad read_state relu'.split(
    ' ',
  ),
  ...'select shape split stack tile topk while_loop'.split(' '),
])
