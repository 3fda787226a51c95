import { CoreMLError } from '../errors.ts'
import { create } from './create.ts'
import { ArrayDataType, MilDataType } from './enums.ts'
import { FeatureDescriptionSchema } from './gen/features_pb.ts'
import type { Model } from './gen/model_pb.ts'
import type { NamedValueType, TensorType } from './gen/program_pb.ts'
import type { ModelFile } from './open.ts'
import { chooseFunction, functionBlock, programFunction } from './program.ts'

/** Core ML gives arrays of these types out; what else a program holds inside stays inside. */
const arrayTypes: Partial<Record<number, number>> = {
  [MilDataType.FLOAT16]: ArrayDataType.FLOAT16,
  [MilDataType.FLOAT32]: ArrayDataType.FLOAT32,
  [MilDataType.INT32]: ArrayDataType.INT32,
}

/** An inner value that can be made an output. */
interface InnerValue {
  name: string
  type: TensorType
}

function innerValue(value: NamedValueType): InnerValue | undefined {
  const type = value.type?.type
  if (type?.case !== 'tensorType' || arrayTypes[type.value.dataType] === undefined) return undefined
  return { name: value.name, type: type.value }
}

/**
 * A copy of an ML Program's spec in which inner values are outputs besides its own: for runtimes that give nothing else out.
 * Weights are not copied; write it with `writeModel(file, path, { spec })`.
 *
 * @param wanted - names of op outputs, or 'all': every float16, float32 and int32 value of the outermost block
 * @returns the spec, and the names that became outputs
 * @throws CoreMLError ERR_ARGUMENT for a name that is no such value, ERR_MODEL_UNSUPPORTED for other types of models
 */
export function exposeValues(file: ModelFile, wanted: readonly string[] | 'all', functionName?: string): { spec: Model; names: string[] } {
  if (file.spec.type.case !== 'mlProgram') {
    throw new CoreMLError('ERR_MODEL_UNSUPPORTED', `${file.path} is no ML Program: inner values can be made outputs of ML Programs only`)
  }
  const spec = structuredClone(file.spec)
  const { description, type } = spec
  if (type.case !== 'mlProgram' || !description) throw new CoreMLError('ERR_MODEL_INVALID', `${file.path} has no description`)
  const name = chooseFunction(spec, functionName)
  const block = functionBlock(name, programFunction(type.value, name))
  const features = description.functions.find((other) => other.name === name) ?? description
  const values = new Map<string, InnerValue>()
  for (const operation of block.operations) {
    if (operation.type === 'const' || operation.type.startsWith('constexpr_')) continue
    for (const output of operation.outputs) {
      const value = innerValue(output)
      if (value) values.set(value.name, value)
    }
  }
  const given = new Set(features.output.map((feature) => feature.name))
  const names: string[] = []
  for (const each of wanted === 'all' ? values.keys() : wanted) {
    const value = values.get(each)
    if (!value) throw new CoreMLError('ERR_ARGUMENT', `${file.path} has no inner value "${each}" that can be an output`)
    if (given.has(each)) continue
    given.add(each)
    names.push(each)
    if (!block.outputs.includes(each)) block.outputs.push(each)
    features.output.push(describe(value))
  }
  return { spec, names }
}

function describe({ name, type }: InnerValue) {
  const dims = type.dimensions.map(({ dimension }) => (dimension.case === 'constant' ? dimension.value.size : undefined))
  // An open dimension is left to the run: then no shape is stated at all. A scalar is an array of one element.
  const shape = dims.length === 0 ? [1] : dims.every((size) => size !== undefined) ? dims.map(Number) : []
  return create(FeatureDescriptionSchema, {
    name,
    shortDescription: 'inner value',
    type: { type: { case: 'multiArrayType', value: { shape, dataType: arrayTypes[type.dataType]! } } },
  })
}
