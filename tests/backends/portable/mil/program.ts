import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node'
import type { Lowered } from '../../../../src/backends/portable/lowered.ts'
import { lowerProgram, type ProgramOptions } from '../../../../src/backends/portable/mil/lower.ts'
import { encodeModel } from '../../../../src/backends/portable/onnx/encode.ts'
import { MilDataType, type Model, type ModelFile } from '../../../../src/format/index.ts'
import {
  type ArgumentSchema,
  ModelSchema,
  type OperationSchema,
  type ValueSchema,
  type ValueTypeSchema,
} from '../../../protobuf-schemas.ts'

type Type = MessageInitShape<typeof ValueTypeSchema>
type Operation = MessageInitShape<typeof OperationSchema>

/** A tensor type of the program; null is a dimension that only a run tells. */
export function tensorType(dataType: number, dims: readonly (number | null)[]): Type {
  const dimensions = dims.map((size) =>
    size === null
      ? { dimension: { case: 'unknown' as const, value: { variadic: false } } }
      : { dimension: { case: 'constant' as const, value: { size } } },
  )
  return { type: { case: 'tensorType', value: { dataType, rank: dims.length, dimensions } } }
}

export const float32 = (...dims: (number | null)[]) => tensorType(MilDataType.FLOAT32, dims)
export const int32 = (...dims: (number | null)[]) => tensorType(MilDataType.INT32, dims)

/** A parameter: the name of a value, several names, or a literal. */
export type Parameter =
  | string
  | readonly string[]
  | { floats: number[]; dims?: number[] }
  | { ints: number[]; dims?: number[] }
  | { bool: boolean }
  | { text: string }

type Literal = Exclude<Parameter, string | readonly string[]>

function literal(parameter: Literal): MessageInitShape<typeof ValueSchema> {
  const tensor = (value: { case: 'floats' | 'ints' | 'bools' | 'strings'; value: { values: never[] } }, type: Type) => ({
    type,
    value: { case: 'immediateValue' as const, value: { value: { case: 'tensor' as const, value: { value } } } },
  })
  const list = (values: unknown[]) => ({ values: values as never[] })
  if ('floats' in parameter) return tensor({ case: 'floats', value: list(parameter.floats) }, float32(...(parameter.dims ?? [])))
  if ('ints' in parameter) return tensor({ case: 'ints', value: list(parameter.ints) }, int32(...(parameter.dims ?? [])))
  if ('bool' in parameter) return tensor({ case: 'bools', value: list([parameter.bool]) }, tensorType(MilDataType.BOOL, []))
  return tensor({ case: 'strings', value: list([parameter.text]) }, tensorType(MilDataType.STRING, []))
}

function argument(parameter: Parameter): MessageInitShape<typeof ArgumentSchema> {
  if (typeof parameter === 'string') return argument([parameter])
  if (Array.isArray(parameter)) return { arguments: parameter.map((value) => ({ binding: { case: 'name' as const, value } })) }
  return { arguments: [{ binding: { case: 'value' as const, value: literal(parameter as Literal) } }] }
}

/** One op with its outputs by name. */
export function operation(type: string, inputs: Record<string, Parameter>, outputs: Record<string, Type>): Operation {
  return {
    type,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, parameter]) => [name, argument(parameter)])),
    outputs: Object.entries(outputs).map(([name, output]) => ({ name, type: output })),
  }
}

/** A model of one function, `main`. */
export function programModel(
  inputs: Record<string, Type>,
  operations: Operation[],
  outputs: string[],
  opset = 'CoreML5',
  description: MessageInitShape<typeof ModelSchema>['description'] = {},
): Model {
  const main = {
    inputs: Object.entries(inputs).map(([name, type]) => ({ name, type })),
    opset,
    blockSpecializations: { [opset]: { outputs, operations } },
  }
  return create(ModelSchema, {
    specificationVersion: 6,
    description,
    type: { case: 'mlProgram', value: { version: 1n, functions: { main } } },
  })
}

/** No literal of these programs lies in a file. */
const noFile = { path: 'test' } as ModelFile

export function lower(model: Model, options?: ProgramOptions, shapes?: Record<string, number[]>): Lowered {
  return lowerProgram(model, noFile, options)(shapes)
}

/** Lowers a model and runs it twice; numbers of its outputs. */
export function run(model: Model, feeds: Record<string, OrtTensor> = {}, options?: ProgramOptions): Promise<Record<string, number[]>[]> {
  return runEach(model, [feeds, feeds], options)
}

/** Lowers a model and runs it with one feed after the other; numbers of its outputs. */
export async function runEach(
  model: Model,
  feeds: readonly Record<string, OrtTensor>[],
  options?: ProgramOptions,
): Promise<Record<string, number[]>[]> {
  const { model: bytes, externalData } = encodeModel(lower(model, options).graph)
  const session = await InferenceSession.create(bytes, { externalData, logSeverityLevel: 3 })
  try {
    const results: Record<string, number[]>[] = []
    for (const feed of feeds) {
      const outputs = await session.run(feed)
      results.push(
        Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, Array.from(tensor.data as Float32Array, Number)])),
      )
    }
    return results
  } finally {
    await session.release()
  }
}
