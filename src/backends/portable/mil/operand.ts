import type { Value } from '../onnx/value.ts'
import type { MilConstant, MilList, MilStrings } from './constant.ts'
import type { MilTensorType } from './types.ts'

/** A tensor that the graph computes. */
export interface TensorOperand {
  readonly kind: 'tensor'
  readonly value: Value
  readonly type: MilTensorType
}

/** A list of tensors, as one tensor [length, …element]. Element dimensions that are not known yet are 1 there. */
export interface ListOperand {
  readonly kind: 'list'
  readonly value: Value
  readonly element: MilTensorType
}

/** A state, which lives from one prediction to the next. */
export interface StateOperand {
  readonly kind: 'state'
  readonly name: string
  readonly type: MilTensorType
}

/** What {@link Operand}s of a classifier's dictionary stand for: only the model's output can use it. */
export interface ClassificationOperand {
  readonly kind: 'classification'
}

/** What a variable of the program stands for while it is lowered. */
export type Operand = TensorOperand | ListOperand | StateOperand | ClassificationOperand | MilConstant | MilStrings | MilList
