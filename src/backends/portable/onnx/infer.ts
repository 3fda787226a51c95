import { CoreMLError } from '../../../errors.ts'
import type { TensorType } from '../../../model/tensor.ts'
import type { Attributes } from './attributes.ts'
import { contractionRules } from './infer-contraction.ts'
import { reductionRules } from './infer-reduction.ts'
import { shapingRules } from './infer-shaping.ts'
import { spatialRules } from './infer-spatial.ts'
import type { Dim, Value } from './value.ts'

/** Element type and dimensions of a node's output. */
export interface OutputType {
  type: TensorType
  dims: readonly Dim[]
}

/** Types of the outputs of an op, from its inputs (null: left out) and attributes. */
export type InferenceRule = (inputs: readonly (Value | null)[], attributes: Attributes, outputs: number, opType: string) => OutputType[]

const unary: InferenceRule = ([x]) => [{ type: x!.type, dims: x!.dims }]
const unaryBool: InferenceRule = ([x]) => [{ type: 'bool', dims: x!.dims }]
const broadcasting: InferenceRule = (inputs) => [{ type: inputs[0]!.type, dims: broadcast(inputs.map((value) => value!.dims)) }]
const comparing: InferenceRule = (inputs) => [{ type: 'bool', dims: broadcast(inputs.map((value) => value!.dims)) }]

const elementwiseRules: Record<string, InferenceRule> = {
  ...rules(
    'Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu HardSigmoid HardSwish Hardmax Identity LRN LeakyRelu Log ' +
      'LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ' +
      'ThresholdedRelu Trilu ReverseSequence FastGelu QuickGelu Shrink InstanceNormalization GroupNormalization BatchNormalization RMSNormalization ' +
      'RandomNormalLike RandomUniformLike Bernoulli ScatterElements ScatterND SimplifiedLayerNormalization',
    unary,
  ),
  ...rules('Add Sub Mul Div Pow Mod Min Max Mean Sum And Or Xor PRelu BitShift BitwiseAnd BitwiseOr BitwiseXor', broadcasting),
  ...rules('Equal Greater GreaterOrEqual Less LessOrEqual', comparing),
  ...rules('IsInf IsNaN', unaryBool),
  Where: ([condition, x, y]) => [{ type: x!.type, dims: broadcast([condition!.dims, x!.dims, y!.dims]) }],
  Cast: ([x], { to }) => [{ type: to as TensorType, dims: x!.dims }],
  QuantizeLinear: ([x, , zero]) => [{ type: zero?.type ?? 'uint8', dims: x!.dims }],
  DequantizeLinear: ([x, scale]) => [{ type: scale!.type, dims: x!.dims }],
  DynamicQuantizeLinear: ([x]) => [
    { type: 'uint8', dims: x!.dims },
    { type: 'float32', dims: [] },
    { type: 'uint8', dims: [] },
  ],
  LayerNormalization: ([x], { axis = -1 }, outputs) => {
    const at = (axis as number) < 0 ? (axis as number) + x!.dims.length : (axis as number)
    const kept = x!.dims.map((dim, index) => (index < at ? dim : 1))
    return [x!.dims, kept, kept].slice(0, outputs).map((dims) => ({ type: x!.type, dims }))
  },
}

const table: Record<string, InferenceRule> = {
  ...elementwiseRules,
  ...shapingRules,
  ...reductionRules,
  ...contractionRules,
  ...spatialRules,
}

/**
 * Infers the outputs of a node.
 *
 * @throws CoreMLError ERR_INTERNAL for an op without a rule: give `types` instead; ERR_MODEL_INVALID where the inputs do not divide into blocks as it says
 */
export function inferOutputs(opType: string, inputs: readonly (Value | null)[], attributes: Attributes, outputs: number): OutputType[] {
  const rule = Object.hasOwn(table, opType) ? table[opType] : undefined
  if (!rule) throw new CoreMLError('ERR_INTERNAL', `no shape inference for the ONNX op ${opType}`)
  const types = rule(inputs, attributes, outputs, opType)
  if (types.some(({ dims }) => dims.some((dim) => dim !== null && !Number.isInteger(dim)))) {
    throw new CoreMLError('ERR_MODEL_INVALID', `${opType} of [${inputs[0]?.dims.join(', ')}]: no whole number of elements remains`)
  }
  return types
}

/** The shape that several shapes broadcast to, as ONNX (and numpy) define it. @throws CoreMLError ERR_MODEL_INVALID */
export function broadcast(shapes: readonly (readonly Dim[])[]): Dim[] {
  const rank = Math.max(...shapes.map((dims) => dims.length))
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1
    for (const dims of shapes) {
      const at = axis - rank + dims.length
      const dim = at < 0 ? 1 : dims[at]!
      if (dim === 1) continue
      if (result === 1) result = dim
      else if (result === null) result = dim
      else if (dim !== null && dim !== result) {
        throw new CoreMLError(
          'ERR_MODEL_INVALID',
          `shapes ${shapes.map((s) => `[${s.map((d) => d ?? '?').join(', ')}]`).join(' and ')} do not broadcast`,
        )
      }
    }
    return result
  })
}

function rules(names: string, rule: InferenceRule): Record<string, InferenceRule> {
  return Object.fromEntries(names.split(' ').map((name) => [name, rule]))
}
