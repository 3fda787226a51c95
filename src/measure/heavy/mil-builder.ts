import { create, type MessageInit } from '../../format/create.ts'
import { type FeatureDescription, FeatureDescriptionSchema } from '../../format/gen/features_pb.ts'
import {
  type Argument,
  ArgumentSchema,
  type NamedValueType,
  NamedValueTypeSchema,
  type Operation,
  OperationSchema,
  type Value,
  ValueSchema,
} from '../../format/gen/program_pb.ts'
import { ArrayDataType, MilDataType, type Model, type ModelFile, ModelSchema, newModel, writeModel } from '../../format/index.ts'
import { toFloat16 } from '../../model/float16.ts'
import { elementCount } from '../../model/tensor.ts'
import { type Random, seededRandom } from '../random.ts'

/** A value of the program: its name, shape and element type. */
export interface Ref {
  readonly name: string
  readonly dims: readonly number[]
  readonly type: 'float16' | 'float32' | 'int32'
}

/** An argument that is known when the model is made. */
export type Constant =
  | { ints: readonly number[]; scalar?: boolean }
  | { float: number; wide?: boolean }
  | { bool: boolean }
  | { text: string }

/** What an op takes by the name of one argument. */
export type Input = Ref | readonly Ref[] | Constant

const dataTypes = { float16: MilDataType.FLOAT16, float32: MilDataType.FLOAT32, int32: MilDataType.INT32 }
const arrayTypes = { float16: ArrayDataType.FLOAT16, float32: ArrayDataType.FLOAT32, int32: ArrayDataType.INT32 }

function tensorType(dataType: number, dims: readonly number[]) {
  const dimensions = dims.map((size) => ({ dimension: { case: 'constant' as const, value: { size } } }))
  return { type: { case: 'tensorType' as const, value: { dataType, rank: dims.length, dimensions } } }
}

function immediate(dataType: number, dims: readonly number[], value: unknown): Value {
  const tensor = { case: 'tensor', value: { value } }
  return create(ValueSchema, {
    type: tensorType(dataType, dims),
    value: { case: 'immediateValue', value: { value: tensor } },
  } as MessageInit<Value>)
}

function textValue(text: string): Value {
  return immediate(MilDataType.STRING, [], { case: 'strings', value: { values: [text] } })
}

/** Normal numbers from which weights are cut: making each anew would take longer than writing them. */
const poolSize = 1 << 18

/**
 * Writes an ML Program op by op. Weights are random, half precision, and scaled so that activations stay in its range; the same seed gives the same model.
 */
export class MilBuilder {
  private readonly opset: string
  private readonly file: ModelFile
  private readonly operations: Operation[] = []
  private readonly inputs: NamedValueType[] = []
  private readonly description: Record<'input' | 'output' | 'state', FeatureDescription[]> = { input: [], output: [], state: [] }
  private readonly outputs: string[] = []
  private readonly random: Random
  private readonly pool: Float32Array
  private readonly pools = new Map<number, Uint16Array>()
  private made = 0

  /** `stateful` models need a newer specification. */
  constructor(seed: number, { stateful = false } = {}) {
    this.opset = stateful ? 'CoreML8' : 'CoreML6'
    this.file = newModel(create(ModelSchema, { specificationVersion: stateful ? 9 : 7 }))
    this.random = seededRandom(seed)
    this.pool = Float32Array.from({ length: poolSize }, () => this.random.normal())
  }

  /** An input of the model. */
  input(name: string, dims: readonly number[], type: Ref['type'] = 'float16'): Ref {
    this.inputs.push(create(NamedValueTypeSchema, { name, type: tensorType(dataTypes[type], dims) }))
    this.description.input.push(this.feature(name, dims, type))
    return { name, dims, type }
  }

  /** A state of the model, all zeros at first. */
  state(name: string, dims: readonly number[]): Ref {
    const wrapped = tensorType(MilDataType.FLOAT16, dims)
    this.inputs.push(create(NamedValueTypeSchema, { name, type: { type: { case: 'stateType', value: { wrappedType: wrapped } } } }))
    const array = { shape: [...dims], dataType: ArrayDataType.FLOAT16 }
    const type = { type: { case: 'stateType' as const, value: { type: { case: 'arrayType' as const, value: array } } } }
    this.description.state.push(create(FeatureDescriptionSchema, { name, type }))
    return { name, dims, type: 'float16' }
  }

  /** Random weights of standard deviation `deviation` around `center`. */
  weight(dims: readonly number[], deviation: number, center = 0, type: 'float16' | 'float32' = 'float16'): Ref {
    const count = elementCount(dims)
    const half = type === 'float16'
    const pool = half ? this.halfPool(deviation, center) : this.pool.map((value) => value * deviation + center)
    const values = half ? new Uint16Array(count) : new Float32Array(count)
    for (let at = 0; at < count; ) {
      const start = this.random.integer(0, poolSize - 1)
      const length = Math.min(count - at, poolSize - start)
      values.set(pool.subarray(start, start + length), at)
      at += length
    }
    const blob = this.file.addBlob(half ? 'fp16' : 'fp32', count, new Uint8Array(values.buffer))
    const value = create(ValueSchema, { type: tensorType(dataTypes[type], dims), value: { case: 'blobFileValue', value: blob } })
    return this.constant('weight', value, dims, type)
  }

  /** A list of integers that is known when the model is made. */
  ints(values: readonly number[]): Ref {
    return this.constantOf('value', { ints: values })
  }

  /** An op with one output of the given shape. */
  op(type: string, inputs: Readonly<Record<string, Input>>, dims: readonly number[], dataType: Ref['type'] = 'float16'): Ref {
    return this.ops(type, inputs, [{ dims, type: dataType }])[0]!
  }

  /** An op with several outputs. */
  ops(type: string, inputs: Readonly<Record<string, Input>>, outputs: readonly Omit<Ref, 'name'>[]): Ref[] {
    const args = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, this.argument(key, input)]))
    const refs = outputs.map((output) => ({ ...output, name: this.name(type) }))
    this.push(type, args, refs)
    return refs
  }

  /** Writes `value` into a state; gives the state's new content. */
  updateState(state: Ref, value: Ref): Ref {
    this.push('write_state', { input: this.argument('input', state), data: this.argument('data', value) }, [])
    return this.op('read_state', { input: state }, state.dims)
  }

  /** Makes a value an output of the model, under a name of its own. */
  output(value: Ref, name: string): void {
    this.push('identity', { x: this.argument('x', value) }, [{ ...value, name }])
    this.outputs.push(name)
    this.description.output.push(this.feature(name, value.dims, value.type))
  }

  /** Writes the package. */
  async write(path: string): Promise<void> {
    const block = { outputs: this.outputs, operations: this.operations }
    const main = { inputs: this.inputs, opset: this.opset, blockSpecializations: { [this.opset]: block } }
    const metadata = { author: 'coreml-bridge', license: 'MIT', shortDescription: 'Random weights, made for measuring' }
    const spec = create(ModelSchema, {
      specificationVersion: this.file.spec.specificationVersion,
      description: { ...this.description, metadata },
      type: { case: 'mlProgram', value: { version: 1n, functions: { main } } },
    } as MessageInit<Model>)
    await writeModel(this.file, path, { spec, overwrite: true })
  }

  private name(hint: string): string {
    return `${hint}_${this.made++}`
  }

  private halfPool(deviation: number, center: number): Uint16Array {
    const key = deviation * 1e6 + center
    const known = this.pools.get(key)
    if (known) return known
    const half = toFloat16(this.pool.map((value) => value * deviation + center))
    const bits = new Uint16Array(half.buffer, half.byteOffset, half.length)
    this.pools.set(key, bits)
    return bits
  }

  private feature(name: string, dims: readonly number[], type: Ref['type']): FeatureDescription {
    const array = { shape: [...dims], dataType: arrayTypes[type] }
    return create(FeatureDescriptionSchema, { name, type: { type: { case: 'multiArrayType', value: array } } })
  }

  private constant(hint: string, value: Value, dims: readonly number[], type: Ref['type']): Ref {
    const name = this.name(hint)
    this.operations.push(
      create(OperationSchema, {
        type: 'const',
        outputs: [{ name, type: value.type }],
        attributes: { name: textValue(name), val: value },
      }),
    )
    return { name, dims, type }
  }

  private argument(key: string, input: Input): Argument {
    const refs = Array.isArray(input) ? (input as Ref[]) : 'name' in input ? [input] : [this.constantOf(key, input as Constant)]
    return create(ArgumentSchema, { arguments: refs.map(({ name }) => ({ binding: { case: 'name' as const, value: name } })) })
  }

  private constantOf(key: string, constant: Constant): Ref {
    if ('ints' in constant) {
      const dims = constant.scalar ? [] : [constant.ints.length]
      return this.constant(key, immediate(MilDataType.INT32, dims, { case: 'ints', value: { values: [...constant.ints] } }), dims, 'int32')
    }
    if ('bool' in constant)
      return this.constant(key, immediate(MilDataType.BOOL, [], { case: 'bools', value: { values: [constant.bool] } }), [], 'int32')
    if ('text' in constant) return this.constant(key, textValue(constant.text), [], 'int32')
    if (constant.wide) {
      return this.constant(key, immediate(MilDataType.FLOAT32, [], { case: 'floats', value: { values: [constant.float] } }), [], 'float16')
    }
    // The format keeps half-precision immediates as raw bytes.
    const half = toFloat16([constant.float])
    const bytes = this.file.addPayload(new Uint8Array(half.buffer.slice(half.byteOffset, half.byteOffset + half.byteLength)))
    return this.constant(key, immediate(MilDataType.FLOAT16, [], { case: 'bytes', value: { values: bytes } }), [], 'float16')
  }

  private push(type: string, inputs: Record<string, Argument>, outputs: readonly Ref[]): void {
    this.operations.push(
      create(OperationSchema, {
        type,
        inputs,
        outputs: outputs.map(({ name, dims, type: dataType }) => ({ name, type: tensorType(dataTypes[dataType], dims) })),
        attributes: { name: textValue(outputs[0]?.name ?? this.name(type)) },
      }),
    )
  }
}
