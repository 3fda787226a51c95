import type { TensorType } from '../../../model/tensor.ts'
import type { Graph } from './graph.ts'

/** Value of a node's attribute. Numbers are INT, or FLOAT where {@link floatAttributes} names the attribute. */
export type AttributeValue = number | bigint | string | boolean | readonly number[] | readonly string[] | Graph

/** Attributes of a node; undefined ones are left out. */
export type Attributes = Record<string, AttributeValue | undefined>

/** Attributes that ONNX and onnxruntime's own domain define as FLOAT or FLOATS, whatever op they belong to. */
export const floatAttributes: ReadonlySet<string> = new Set([
  'activation_alpha',
  'activation_beta',
  'alpha',
  'beta',
  'bias',
  'clip',
  'coefficients',
  'cubic_coeff_a',
  'epsilon',
  'extrapolation_value',
  'gamma',
  'high',
  'lambd',
  'low',
  'mask_filter_value',
  'mean',
  'scale',
  'seed',
  'softcap',
  'spatial_scale',
  'value_float',
  'value_floats',
])

/** Element types as ONNX's TensorProto.DataType numbers them. */
export const onnxDataType: Readonly<Record<TensorType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
}
