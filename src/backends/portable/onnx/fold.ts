import { allocate, elementCount, type TensorData, type TensorType } from '../../../model/tensor.ts'
import type { Attributes } from './attributes.ts'
import type { OutputType } from './infer.ts'
import { sliceBound } from './slice-bound.ts'
import { constantNumbers, isStatic, type Value } from './value.ts'

/** Constants up to this many elements are folded while lowering: shape arithmetic, and no weights (onnxruntime folds those itself). */
const limit = 256

type Fold = (
  inputs: readonly (number[] | undefined)[],
  attributes: Attributes,
  values: readonly (Value | null)[],
  output: OutputType,
) => number[] | undefined

/**
 * Types that are folded, and which numbers are of them. In a NeuralNetwork shapes are float32 too, and conditions are compared sizes. Other integers wrap, become
 * the lowest one, or are what they are, in onnxruntime only.
 */
const foldable: Partial<Record<TensorType, (x: number) => boolean>> = {
  int64: Number.isSafeInteger,
  int32: (x) => x === (x | 0),
  float32: Number.isFinite,
  bool: Number.isSafeInteger,
}

/** Arithmetic as onnxruntime does it; float32 results are rounded to that when they are stored. */
const arithmetic: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Min: Math.min,
  Max: Math.max,
  Equal: (a, b) => Number(a === b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  And: (a, b) => a & b,
  Or: (a, b) => a | b,
  Xor: (a, b) => a ^ b,
}

/** How types are cast; float32 takes every number as it is. */
const casts: Partial<Record<TensorType, (x: number) => number>> = { int64: Math.trunc, int32: Math.trunc, bool: (x) => Number(x !== 0) }

/** Division of integers truncates. */
const divide: Fold = (inputs, attributes, values, output) =>
  elementwise(output.type === 'float32' ? (a, b) => a / b : (a, b) => Math.trunc(a / b))(inputs, attributes, values, output)

/** The remainder has the divisor's sign; with `fmod`, as in C, the dividend's. */
const remainder: Fold = (inputs, attributes, values, output) =>
  elementwise(attributes.fmod === 1 ? (a, b) => a % b : (a, b) => ((a % b) + b) % b)(inputs, attributes, values, output)

/** Element by element; operands of one element are broadcast. */
function elementwise(compute: (...elements: number[]) => number): Fold {
  return (inputs) => {
    const operands = inputs as number[][]
    const count = Math.max(...operands.map(({ length }) => length))
    if (operands.some(({ length }) => length !== count && length !== 1)) return undefined
    return Array.from({ length: count }, (_, i) => compute(...operands.map((operand) => operand[operand.length === 1 ? 0 : i]!)))
  }
}

/** A piece of a vector, backwards too; the output's shape says how long. */
const slice: Fold = ([x, starts, , , steps], _attributes, values, output) => {
  if (values[0]!.dims.length !== 1) return undefined
  const size = x!.length
  const step = steps?.[0] ?? 1
  const first = sliceBound(starts![0]!, size, 0, step > 0 ? size : size - 1)
  return Array.from({ length: elementCount(output.dims as number[]) }, (_, i) => x![first + i * step]!)
}

/** A reduction to one element. */
function toOne(reduce: (elements: readonly number[]) => number): Fold {
  return ([x], _attributes, _values, output) => (elementCount(output.dims as number[]) === 1 ? [reduce(x!)] : undefined)
}

const folds: Record<string, Fold> = {
  ...Object.fromEntries(Object.entries(arithmetic).map(([name, compute]) => [name, elementwise(compute)])),
  Div: divide,
  Mod: remainder,
  Floor: ([x]) => x!.map(Math.floor),
  Ceil: ([x]) => x!.map(Math.ceil),
  Neg: ([x]) => x!.map((element) => -element),
  Abs: ([x]) => x!.map(Math.abs),
  Sqrt: ([x]) => x!.map(Math.sqrt),
  Not: ([x]) => x!.map((element) => 1 - element),
  Identity: ([x]) => x,
  Cast: ([x], _attributes, _values, output) => x!.map(casts[output.type] ?? Number),
  Squeeze: ([x]) => x,
  Unsqueeze: ([x]) => x,
  Reshape: ([x]) => x,
  Concat: (inputs, _attributes, values) => (values[0]!.dims.length === 1 ? inputs.flatMap((elements) => elements!) : undefined),
  Gather: ([x, indices], _attributes, values) => {
    if (values[0]!.dims.length !== 1) return undefined
    const picked = indices!.map((index) => x![index < 0 ? index + x!.length : index])
    return picked.every((element) => element !== undefined) ? (picked as number[]) : undefined
  },
  Slice: slice,
  Where: elementwise((condition, x, y) => (condition ? x : y)),
  ReduceProd: toOne((x) => x.reduce((a, b) => a * b, 1)),
  ReduceSum: toOne((x) => x.reduce((a, b) => a + b, 0)),
  ReduceMax: toOne((x) => Math.max(...x)),
  ReduceMin: toOne((x) => Math.min(...x)),
  Expand: ([x], _attributes, _values, output) => (x!.length === 1 ? Array(elementCount(output.dims as number[])).fill(x![0]) : undefined),
}

/** Evaluates a node whose inputs are small constants; undefined where it has to stay a node. */
export function fold(
  opType: string,
  inputs: readonly (Value | null)[],
  attributes: Attributes,
  output: OutputType,
): TensorData | undefined {
  const rule = Object.hasOwn(folds, opType) ? folds[opType] : undefined
  if (!rule || !isStatic(output.dims) || elementCount(output.dims) > limit) return undefined
  for (const value of inputs) {
    if (value && (!value.constant || !foldable[value.type] || elementCount(value.dims as number[]) > limit)) return undefined
  }
  const isOfType = foldable[output.type]
  if (!isOfType) return undefined
  const elements = rule(
    inputs.map((value) => constantNumbers(value)),
    attributes,
    inputs,
    output,
  )
  if (!elements || elements.length !== elementCount(output.dims) || !elements.every(isOfType)) return undefined
  const data = allocate(output.type, elements.length)
  if (data instanceof BigInt64Array) data.set(elements.map(BigInt))
  else (data as Int32Array | Float32Array | Uint8Array).set(elements)
  return data
}
