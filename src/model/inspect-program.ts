import { keptCompressed } from '../backends/portable/mil/kept-compressed.ts'
import {
  type Block,
  byteLength,
  functionBlock,
  functionNames,
  type Model,
  type ModelFile,
  type Operation,
  operationsOf,
  type Program,
  programFunction,
  type StorageType,
  storageTypeOfMil,
  type Value,
} from '../format/index.ts'
import type { WeightSummary } from './summary.ts'
import { countIn, sorted, WeightTally } from './tally.ts'

/** The blocks of a program's functions, by name of the function. */
export function programBlocks(spec: Model, program: Program): Map<string, Block> {
  return new Map(functionNames(spec).map((name) => [name, functionBlock(name, programFunction(program, name))]))
}

/** Operations of blocks by kind, constants left out. */
export function programOperations(blocks: Iterable<Block>): Record<string, number> {
  const counts = new Map<string, number>()
  for (const block of blocks) for (const { type } of operationsOf(block)) if (type !== 'const') countIn(counts, type)
  return sorted(counts)
}

/** The values that an operation carries itself: attributes and literal arguments. */
function* ownValues(operation: Operation): Generator<[key: string, value: Value]> {
  yield* Object.entries(operation.attributes)
  for (const [key, { arguments: bindings }] of Object.entries(operation.inputs)) {
    for (const { binding } of bindings) if (binding.case === 'value') yield [key, binding.value]
  }
}

function argumentNames(operation: Operation): string[] {
  return Object.values(operation.inputs).flatMap(({ arguments: bindings }) =>
    bindings.flatMap(({ binding }) => (binding.case === 'name' ? [binding.value] : [])),
  )
}

/** Elements of a tensor of constant shape. */
function elements(type: Value['type']): number {
  if (type?.type.case !== 'tensorType') return 0
  return type.type.value.dimensions.reduce((count, { dimension }) => count * (dimension.case === 'constant' ? dimension.value.size : 0), 1)
}

/** A weight of a block: what it is made of, and what it is once decompressed. */
interface Weight {
  /** The operation that decompresses; empty for a plain constant. */
  kind: string
  values: number
  bytes: number
  /** The same for weights that functions share. */
  identity: string
}

/** Collects the weights of one function's block, storing what they are made of in `tally`. */
class BlockWeights {
  readonly #file: ModelFile
  readonly #tally: WeightTally
  readonly #stored: Set<string>
  readonly #weights = new Map<string, Weight>()
  readonly #name: string
  /** Constants that are only parts of a compressed weight. */
  readonly #parts = new Set<string>()

  constructor(file: ModelFile, tally: WeightTally, stored: Set<string>, name: string) {
    this.#file = file
    this.#tally = tally
    this.#stored = stored
    this.#name = name
  }

  /** The weight that a value is: a tensor of a weight file, or floats of one and more dimensions. */
  #value(value: Value, identity: string): Weight | undefined {
    const { value: stored } = value
    if (stored.case === 'blobFileValue') {
      const blob = this.#file.blob(stored.value)
      return this.#store(`${stored.value.fileName}:${stored.value.offset}`, blob.type, blob.count, blob.length)
    }
    const tensor = value.type?.type.case === 'tensorType' ? value.type.type.value : undefined
    const type = tensor && storageTypeOfMil(tensor.dataType)
    if (stored.case !== 'immediateValue' || !tensor?.dimensions.length || !type || !/^(fp|bf)/.test(type)) return undefined
    const values = elements(value.type)
    return this.#store(identity, type, values, byteLength(type, values))
  }

  /** Tensors that functions share are stored once. */
  #store(identity: string, type: StorageType, values: number, bytes: number): Weight {
    if (!this.#stored.has(identity)) this.#tally.stored(type, values, bytes)
    this.#stored.add(identity)
    return { kind: '', values, bytes, identity }
  }

  add(operation: Operation): void {
    const output = operation.outputs[0]
    const name = output?.name ?? ''
    const own = [...ownValues(operation)].flatMap(([key, value]) => this.#value(value, `${this.#name}/${name}.${key}`) ?? [])
    if (!operation.type.startsWith('constexpr_')) {
      for (const [index, weight] of own.entries()) this.#weights.set(index === 0 ? name : `${name}.${index}`, weight)
      return
    }
    const parts = argumentNames(operation).flatMap((part) => {
      this.#parts.add(part)
      return this.#weights.get(part) ?? []
    })
    const made = [...own, ...parts]
    this.#weights.set(name, {
      kind: operation.type,
      values: elements(output?.type),
      bytes: made.reduce((sum, { bytes }) => sum + bytes, 0),
      identity: `${operation.type}(${made.map(({ identity }) => identity).join()})`,
    })
  }

  /** Weights with their names; those that are parts of others are marked. */
  *result(): Generator<[weight: Weight, name: string, isPart: boolean]> {
    for (const [name, weight] of this.#weights) yield [weight, name, this.#parts.has(name)]
  }
}

/** Sums up the weights of a program: constants in its weight files, and float constants of one and more dimensions in the program itself. */
export function programWeights(file: ModelFile, blocks: ReadonlyMap<string, Block>): WeightSummary {
  const tally = new WeightTally()
  const stored = new Set<string>()
  const counted = new Set<string>()
  for (const [name, block] of blocks) {
    const weights = new BlockWeights(file, tally, stored, name)
    for (const operation of operationsOf(block)) weights.add(operation)
    const kept = keptCompressed(block)
    for (const [{ kind, values, bytes, identity }, weightName, isPart] of weights.result()) {
      if (counted.has(identity)) continue
      counted.add(identity)
      if (kind) tally.compressed(kind, values, bytes, kept.has(weightName))
      if (!isPart) tally.parameters(values)
    }
  }
  return tally.summary()
}
