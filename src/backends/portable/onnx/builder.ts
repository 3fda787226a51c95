import { CoreMLError } from '../../../errors.ts'
import { toFloat16 } from '../../../model/float16.ts'
import { allocate, elementCount, type TensorData, type TensorType } from '../../../model/tensor.ts'
import type { Attributes } from './attributes.ts'
import { fold } from './fold.ts'
import type { Graph, Node, Port } from './graph.ts'
import { broadcast, inferOutputs, type OutputType } from './infer.ts'
import { Constant, type Dim, type FileRange, isStatic, sameDims, type Value } from './value.ts'

/** What a shape argument may hold: a number (-1 and 0 as in ONNX Reshape where that op takes them), or a scalar int64 value of the graph. */
export type ShapeElement = number | Value

/** What {@link GraphBuilder.op} takes besides inputs and attributes. */
export interface OpOptions {
  /** How many outputs are wanted (default 1). */
  outputs?: number
  /** ONNX domain; '' is ai.onnx. */
  domain?: string
  /** Types of the outputs where inference does not know the op, or knows less than the caller. */
  types?: OutputType[]
}

/** Values that lie one behind the other in another one. */
interface Parts {
  axis: number
  values: readonly Value[]
}

interface Names {
  next: number
  taken: Set<string>
}

/**
 * Builds an ONNX graph node by node. Every value knows its element type and rank, and its dimensions as far as they follow from
 * the inputs; small constants fold as they come, so that shape arithmetic leaves no nodes behind.
 */
export class GraphBuilder {
  readonly inputs: Port[] = []
  readonly outputs: Port[] = []
  readonly nodes: Node[] = []
  /** What the nodes that come next belong to, such as the name of a model's layer; part of their names. */
  hint = ''
  /** Where graph constants are read from when lowering has to look into one. */
  readonly #readFile: (range: FileRange) => Uint8Array
  readonly #names: Names
  readonly #initializers = new Map<string, Value>()
  readonly #shapes: Map<string, readonly Dim[]>
  readonly #parts: Map<string, Parts>
  readonly #parent: GraphBuilder | undefined
  readonly #scalars = new Map<string, Value>()

  constructor(readFile: (range: FileRange) => Uint8Array, parent?: GraphBuilder) {
    this.#readFile = readFile
    this.#parent = parent
    this.#names = parent ? parent.#names : { next: 0, taken: new Set() }
    this.#shapes = parent ? parent.#shapes : new Map()
    this.#parts = parent ? parent.#parts : new Map()
  }

  /** A name that no other value of the model has. */
  uniqueName(hint: string): string {
    let name = hint
    while (name === '' || this.#names.taken.has(name)) name = `${hint}_${this.#names.next++}`
    this.#names.taken.add(name)
    return name
  }

  /** Declares a graph input. Its name is kept as it is. */
  input(name: string, type: TensorType, dims: readonly Dim[]): Value {
    this.#names.taken.add(name)
    this.inputs.push({ name, type, dims })
    this.#shapes.set(name, dims)
    return { name, type, dims }
  }

  /** Declares a graph output under `name` (an Identity node renames the value where needed), or as that feature where an input has the name. */
  output(value: Value, name = value.name): void {
    if (value.name !== name && this.inputs.some((port) => port.name === name)) {
      this.output(value, this.uniqueName(name))
      this.outputs.at(-1)!.feature = name
      return
    }
    this.#names.taken.add(name)
    // An input can be an output as it is, under its own name: an Identity of that name would define it twice.
    const renamed = value.name !== name
    if (renamed || value.constant || this.outputs.some((port) => port.name === name)) {
      this.nodes.push({ opType: 'Identity', domain: '', name: '', inputs: [this.#use(value)], outputs: [name], attributes: {} })
    }
    this.outputs.push({ name, type: value.type, dims: value.dims })
  }

  /** A constant in memory. The caller does not change `data` afterwards. */
  constant(type: TensorType, dims: readonly number[], data: TensorData | readonly number[], hint = 'const'): Value {
    const count = elementCount(dims)
    const elements = ArrayBuffer.isView(data) ? data : fromNumbers(type, data)
    if (elements.length !== count) {
      throw new CoreMLError('ERR_MODEL_INVALID', `${hint}: ${elements.length} elements for a shape of [${dims.join(', ')}] (${count})`)
    }
    return { name: this.uniqueName(hint), type, dims, constant: new Constant(type, elements) }
  }

  /** A constant whose bytes stay in a file: onnxruntime maps them, JavaScript reads them only when lowering asks. */
  weight(type: TensorType, dims: readonly number[], range: FileRange, hint = 'weight'): Value {
    return { name: this.uniqueName(hint), type, dims, constant: new Constant(type, range, this.#readFile) }
  }

  /** A scalar constant. */
  scalar(value: number, type: TensorType = 'float32'): Value {
    return this.#shared(`${type}:${Object.is(value, -0) ? '-0' : value}`, () => this.constant(type, [], [value], 'scalar'))
  }

  /** An int64 vector constant. */
  ints(values: readonly number[]): Value {
    return this.#shared(`ints:${values.join(',')}`, () => this.constant('int64', [values.length], values, 'ints'))
  }

  /** A float32 vector constant. */
  floats(values: readonly number[]): Value {
    return this.constant('float32', [values.length], values, 'floats')
  }

  /** One node with one output. */
  op(opType: string, inputs: readonly (Value | null | undefined)[], attributes: Attributes = {}, options: OpOptions = {}): Value {
    return this.ops(opType, inputs, attributes, options)[0]!
  }

  /** One node with any number of outputs. */
  ops(opType: string, inputs: readonly (Value | null | undefined)[], attributes: Attributes = {}, options: OpOptions = {}): Value[] {
    const present = inputs.map((value) => value ?? null)
    while (present.length > 0 && present.at(-1) === null) present.pop()
    const types = options.types ?? inferOutputs(opType, present, attributes, options.outputs ?? 1)
    if (types.length === 1 && !options.domain) {
      const data = fold(opType, present, attributes, types[0]!)
      if (data) return [this.constant(types[0]!.type, types[0]!.dims as number[], data, opType.toLowerCase())]
    }
    const outputs = types.map(
      (type): Value => ({ name: this.uniqueName(this.hint ? `${this.hint}/${opType}` : opType), type: type.type, dims: type.dims }),
    )
    for (const { name, dims } of outputs) this.#shapes.set(name, dims)
    this.nodes.push({
      opType,
      domain: options.domain ?? '',
      name: outputs[0]?.name ?? opType,
      inputs: present.map((value) => (value ? this.#use(value) : '')),
      outputs: outputs.map((value) => value.name),
      attributes,
    })
    return outputs
  }

  /**
   * A graph inside this one, for If, Loop and Scan. It sees every value of this graph; its inputs come from `inputs`.
   */
  subgraph(
    inputs: readonly Omit<Port, 'name'>[],
    body: (builder: GraphBuilder, inputs: Value[]) => Value[],
  ): { graph: Graph; outputs: Port[] } {
    const inner = new GraphBuilder(this.#readFile, this)
    const values = inputs.map((port) => inner.input(this.uniqueName('arg'), port.type, port.dims))
    for (const value of body(inner, values)) {
      // A value of an outer graph, or one given twice, needs a name of its own as an output.
      inner.output(value, this.uniqueName('result'))
    }
    return { graph: inner.finish('body'), outputs: inner.outputs }
  }

  /** The finished graph. */
  finish(name: string): Graph {
    const initializers = [...this.#initializers.values()]
    return { name, inputs: this.inputs, outputs: this.outputs, nodes: this.nodes, initializers, shapes: this.#shapes }
  }

  // The ops below are used so often, with so many ways to get them wrong, that they have methods of their own.

  /** The shape of a value as int64 vector; a constant where it is known. */
  shape(value: Value): Value {
    return isStatic(value.dims) ? this.ints(value.dims) : this.op('Shape', [value])
  }

  /** One dimension: a number where it is known, else a scalar int64 value. Negative axes count from the end. */
  dim(value: Value, axis: number): ShapeElement {
    const at = axis < 0 ? axis + value.dims.length : axis
    const known = value.dims[at]
    if (known === undefined)
      throw new CoreMLError('ERR_MODEL_INVALID', `${value.name} has ${value.dims.length} dimensions, no axis ${axis}`)
    return known ?? this.op('Gather', [this.op('Shape', [value]), this.scalar(at, 'int64')], { axis: 0 })
  }

  /** Every dimension, as {@link dim} gives them. */
  dims(value: Value): ShapeElement[] {
    return value.dims.map((_, axis) => this.dim(value, axis))
  }

  /** A shape argument as int64 vector. */
  shapeVector(shape: readonly ShapeElement[]): Value {
    if (shape.every((element) => typeof element === 'number')) return this.ints(shape)
    const parts: Value[] = []
    let run: number[] = []
    for (const element of shape) {
      if (typeof element === 'number') run.push(element)
      else {
        if (run.length > 0) parts.push(this.ints(run))
        run = []
        parts.push(this.reshape(this.cast(element, 'int64'), [1]))
      }
    }
    if (run.length > 0) parts.push(this.ints(run))
    return this.op('Concat', parts, { axis: 0 }, { types: [{ type: 'int64', dims: [shape.length] }] })
  }

  /** Reshape: one element may be -1. A 0 is a dimension of no elements, as Core ML has it, and no copy of the input's. */
  reshape(value: Value, shape: readonly ShapeElement[]): Value {
    if (sameDims(value.dims, shape)) return value
    const types = [{ type: value.type, dims: reshapedDims(value, shape) }]
    const mayBeZero = shape.some((element) => typeof element !== 'number' || element === 0)
    return this.op('Reshape', [value, this.shapeVector(shape)], { allowzero: mayBeZero ? 1 : undefined }, { types })
  }

  transpose(value: Value, perm: readonly number[]): Value {
    return perm.every((axis, index) => axis === index) ? value : this.op('Transpose', [value], { perm })
  }

  concat(values: readonly Value[], axis: number): Value {
    if (values.length === 1) return values[0]!
    const result = this.op('Concat', values, { axis })
    this.#parts.set(result.name, { axis, values })
    return result
  }

  /** What {@link concat} made a value of; undefined for other values. */
  partsOf(value: Value): Parts | undefined {
    return this.#parts.get(value.name)
  }

  /** Slice by constant bounds along given axes; `end` beyond the dimension means up to the end. */
  slice(value: Value, axes: readonly number[], starts: readonly number[], ends: readonly number[], steps?: readonly number[]): Value {
    return this.op('Slice', [value, this.ints(starts), this.ints(ends), this.ints(axes), steps ? this.ints(steps) : null])
  }

  squeeze(value: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? value : this.op('Squeeze', [value, this.ints(axes)])
  }

  unsqueeze(value: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? value : this.op('Unsqueeze', [value, this.ints(axes)])
  }

  cast(value: Value, type: TensorType): Value {
    return value.type === type ? value : this.op('Cast', [value], { to: type })
  }

  /** Expands to `shape` by ONNX broadcasting. */
  expand(value: Value, shape: readonly ShapeElement[]): Value {
    if (sameDims(value.dims, shape)) return value
    const dims = broadcast([value.dims, shape.map((element) => (typeof element === 'number' ? element : null))])
    return this.op('Expand', [value, this.shapeVector(shape)], {}, { types: [{ type: value.type, dims }] })
  }

  /** Registers a constant that a node uses: all of them in the outermost graph, which every inner one sees. */
  #use(value: Value): string {
    if (value.constant) this.#root.#initializers.set(value.name, value)
    return value.name
  }

  get #root(): GraphBuilder {
    return this.#parent ? this.#parent.#root : this
  }

  #shared(key: string, make: () => Value): Value {
    if (this.#parent) return this.#root.#shared(key, make)
    let value = this.#scalars.get(key)
    if (!value) {
      value = make()
      this.#scalars.set(key, value)
    }
    return value
  }
}

function reshapedDims(value: Value, shape: readonly ShapeElement[]): Dim[] {
  const dims: Dim[] = shape.map((element) => (typeof element === 'number' && element >= 0 ? element : null))
  const open = shape.indexOf(-1)
  if (open >= 0 && isStatic(value.dims)) {
    const others = dims.filter((_, axis) => axis !== open)
    if (isStatic(others) && elementCount(others) > 0) dims[open] = elementCount(value.dims) / elementCount(others)
  }
  const whole = dims.every((dim) => dim === null || Number.isInteger(dim))
  if (isStatic(dims) && isStatic(value.dims) && !(whole && elementCount(dims) === elementCount(value.dims))) {
    throw new CoreMLError(
      'ERR_MODEL_INVALID',
      `reshape of [${value.dims.join(', ')}] to [${shape.map((e) => (typeof e === 'number' ? e : '?')).join(', ')}] changes the number of elements`,
    )
  }
  return dims
}

function fromNumbers(type: TensorType, values: readonly number[]): TensorData {
  if (type === 'float16') return toFloat16(values)
  const target = allocate(type, values.length)
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) target.set(values.map(BigInt))
  else (target as Float64Array).set(values)
  return target
}
