import type { TreeEnsemble } from './ensemble.ts'
import { type Code, f64, i32, moduleBytes, op, type WasmModule, webAssembly } from './wasm.ts'

/**
 * The inner loop of tree ensembles in WebAssembly: eight trees are followed side by side without branches, so that the loads of one tree hide behind
 * those of the others and no branch is mispredicted. It knows the ordered comparison only. A missing value has no case of its own either: each row is there
 * twice, once with −∞ in the place of NaN and once with ∞, and a node reads the one that leads it to the child where missing values go.
 *
 * Memory: rows of features (float64), the groups' tables, found leaves, node records, leaf values.
 * A node record is { float64 threshold, int32 address of the first child, int32 byte offset of the feature in the row }; leaf values lie in node order,
 * so a record's value is found from its address.
 */
const lanes = 8
const recordBytes = 16
/** Bytes of one group's table: a root address a lane, steps that every lane can take, steps that may follow. */
const groupBytes = 4 * lanes + 8
/** Node records of one block: trees that stay in the cache while many rows pass over them. */
const blockBytes = 256 * 1024
/** Rows that are copied into memory at a time. */
const rowsAtOnce = 256

// Parameters of both functions; the lanes' node addresses, a counter and a scratch follow as locals.
const group = 0
const groupCount = 1
const row = 2
const target = 3
const sum = 4

function kernelCode(summing: boolean): Code {
  const firstLane = summing ? 5 : 4
  const counter = firstLane + lanes
  const before = counter + 1
  const changed = counter + 2
  const each = (code: (local: number, lane: number) => Code) =>
    Array.from({ length: lanes }, (_, lane) => code(firstLane + lane, lane)).flat()
  // address = child address + 16 · (row[feature] > threshold)
  const step = (local: number): Code => [
    ...[...op.get(local), ...op.i32load(8)],
    ...[...op.get(row), ...op.get(local), ...op.i32load(12), ...op.i32add, ...op.f64load(0)],
    ...[...op.get(local), ...op.f64load(0), ...op.f64gt, ...op.i32const(4), ...op.i32shl, ...op.i32add],
  ]
  const countDown = (local: number): Code => [...op.get(local), ...op.i32const(1), ...op.i32sub, ...op.tee(local)]
  const finish = summing
    ? each((local) => [
        ...[...op.get(sum), ...op.get(local), ...op.i32const(1), ...op.i32shrU, ...op.get(target), ...op.i32add, ...op.f64load(0)],
        ...[...op.f64add, ...op.set(sum)],
      ])
    : [
        ...each((local, lane) => [...op.get(target), ...op.get(local), ...op.i32store(4 * lane)]),
        ...[...op.get(target), ...op.i32const(4 * lanes), ...op.i32add, ...op.set(target)],
      ]
  return [
    ...op.loop(
      each((local, lane) => [...op.get(group), ...op.i32load(4 * lane), ...op.set(local)]),
      // Steps down to the nearest leaf of the group: no lane can have arrived.
      op.block(
        [...op.get(group), ...op.i32load(4 * lanes), ...op.tee(counter), ...op.i32eqz, ...op.brIf(0)],
        op.loop(
          each((local) => [...step(local), ...op.set(local)]),
          [...countDown(counter), ...op.brIf(0)],
        ),
      ),
      // Further steps, until all lanes stay where they are.
      op.block(
        [...op.get(group), ...op.i32load(4 * lanes + 4), ...op.tee(counter), ...op.i32eqz, ...op.brIf(0)],
        op.loop(
          [...op.i32const(0), ...op.set(changed)],
          each((local) => [
            ...[...op.get(local), ...op.set(before), ...step(local), ...op.tee(local), ...op.get(before), ...op.i32xor],
            ...[...op.get(changed), ...op.i32or, ...op.set(changed)],
          ]),
          [...op.get(changed), ...op.i32eqz, ...op.brIf(1)],
          [...countDown(counter), ...op.brIf(0)],
        ),
      ),
      finish,
      [...op.get(group), ...op.i32const(groupBytes), ...op.i32add, ...op.set(group)],
      [...countDown(groupCount), ...op.brIf(0)],
    ),
    ...(summing ? op.get(sum) : []),
  ]
}

let compiled: WasmModule | undefined

function kernelModule(): WasmModule {
  compiled ??= new webAssembly.Module(
    moduleBytes([
      { name: 'sum', parameters: [i32, i32, i32, i32, f64], results: [f64], locals: lanes + 3, code: kernelCode(true) },
      { name: 'leaves', parameters: [i32, i32, i32, i32], results: [], locals: lanes + 3, code: kernelCode(false) },
    ]),
  )
  return compiled
}

interface KernelFunctions {
  /** Adds the leaf values of `groups` groups to `start` and returns the sum. */
  sum(group: number, groups: number, row: number, valuesFromRecords: number, start: number): number
  /** Writes the leaves' addresses to `target`, in the order of the trees. */
  leaves(group: number, groups: number, row: number, target: number): void
}

/** Whether the kernel can evaluate an ensemble: no equality, and no threshold (∞, NaN) that a missing value, standing as ∞, would have to exceed. */
export function suitsKernel({ ordered, missing, threshold, child }: TreeEnsemble): boolean {
  return ordered && !child.some((first, node) => first !== node && missing[node] === 1 && !(threshold[node]! < Number.POSITIVE_INFINITY))
}

/** An ensemble in WebAssembly memory. */
export class TreeKernel {
  readonly #ensemble: TreeEnsemble
  readonly #functions: KernelFunctions
  readonly #groups: number
  readonly #groupsPerBlock: number
  readonly #groupsAt: number
  readonly #leavesAt: number
  readonly #recordsAt: number
  readonly #valuesFromRecords: number
  readonly #rows: Float64Array
  readonly #leaves: Int32Array

  /** @throws RangeError where the host has no memory (or address space) for it. */
  constructor(ensemble: TreeEnsemble) {
    const nodes = ensemble.child.length + 1 // and one leaf that fills up the last group
    const width = 2 * Math.max(1, ensemble.featureCount)
    this.#ensemble = ensemble
    this.#groups = Math.ceil(ensemble.roots.length / lanes)
    this.#groupsAt = rowsAtOnce * width * 8
    this.#leavesAt = this.#groupsAt + this.#groups * groupBytes
    this.#recordsAt = Math.ceil((this.#leavesAt + this.#groups * lanes * 4) / recordBytes) * recordBytes
    const valuesAt = this.#recordsAt + nodes * recordBytes
    // value address = record address / 2 + this (a record has 16 bytes, a value 8)
    this.#valuesFromRecords = valuesAt - this.#recordsAt / 2
    this.#groupsPerBlock = Math.max(1, Math.floor(blockBytes / ((nodes / Math.max(1, this.#groups)) * recordBytes)))
    const memory = new webAssembly.Memory({ initial: Math.ceil((valuesAt + nodes * 8) / 65536) })
    this.#functions = new webAssembly.Instance(kernelModule(), { env: { memory } }).exports as unknown as KernelFunctions
    this.#rows = new Float64Array(memory.buffer, 0, rowsAtOnce * width)
    this.#leaves = new Int32Array(memory.buffer, this.#leavesAt, this.#groups * lanes)
    this.#write(memory.buffer, nodes, valuesAt)
  }

  #write(buffer: ArrayBuffer, nodes: number, valuesAt: number): void {
    const { child, feature, featureCount, missing, threshold, leafValue, roots, minDepth, maxDepth } = this.#ensemble
    const address = (node: number) => this.#recordsAt + node * recordBytes
    const filler = nodes - 1
    const doubles = new Float64Array(buffer, this.#recordsAt, nodes * 2)
    const integers = new Int32Array(buffer, this.#recordsAt, nodes * 4)
    for (let node = 0; node < filler; node++) {
      doubles[2 * node] = threshold[node]!
      integers[4 * node + 2] = address(child[node]!)
      integers[4 * node + 3] = (feature[node]! + missing[node]! * featureCount) * 8
    }
    doubles[2 * filler] = Number.POSITIVE_INFINITY
    integers[4 * filler + 2] = address(filler)
    const values = new Float64Array(buffer, valuesAt, nodes)
    values.set(leafValue)
    values[filler] = -0 // x + −0 is x, whatever x
    const tables = new Int32Array(buffer, this.#groupsAt, (this.#groups * groupBytes) / 4)
    for (let group = 0; group < this.#groups; group++) {
      const at = (group * groupBytes) / 4
      let fewest = 0x7fffffff
      let most = 0
      for (let lane = 0; lane < lanes; lane++) {
        const tree = group * lanes + lane
        tables[at + lane] = address(roots[tree] ?? filler)
        if (tree >= roots.length) continue
        fewest = Math.min(fewest, minDepth[tree]!)
        most = Math.max(most, maxDepth[tree]!)
      }
      tables[at + lanes] = fewest
      tables[at + lanes + 1] = most - fewest
    }
  }

  /**
   * Adds the leaf values of every tree to `sums`, output by output, prediction after prediction.
   *
   * @param rows feature values, `stride` a prediction, NaN for a missing one
   */
  run(rows: Float64Array, stride: number, count: number, sums: Float64Array): void {
    const width = this.#ensemble.featureCount
    for (let first = 0; first < count; first += rowsAtOnce) {
      const here = Math.min(rowsAtOnce, count - first)
      for (let i = 0; i < here; i++) {
        const from = (first + i) * stride
        const to = i * 2 * width
        for (let feature = 0; feature < width; feature++) {
          const value = rows[from + feature]!
          const isMissing = Number.isNaN(value)
          this.#rows[to + feature] = isMissing ? Number.NEGATIVE_INFINITY : value
          this.#rows[to + width + feature] = isMissing ? Number.POSITIVE_INFINITY : value
        }
      }
      for (let block = 0; block < this.#groups; block += this.#groupsPerBlock) {
        const groups = Math.min(this.#groupsPerBlock, this.#groups - block)
        for (let i = 0; i < here; i++) this.#runBlock(block, groups, i * 2 * width * 8, sums, (first + i) * this.#ensemble.dimensions)
      }
    }
  }

  #runBlock(block: number, groups: number, rowAt: number, sums: Float64Array, at: number): void {
    const { dimensions, roots, pairStart, pairOutput, pairValue } = this.#ensemble
    const groupAt = this.#groupsAt + block * groupBytes
    if (dimensions === 1) {
      sums[at] = this.#functions.sum(groupAt, groups, rowAt, this.#valuesFromRecords, sums[at]!)
      return
    }
    this.#functions.leaves(groupAt, groups, rowAt, this.#leavesAt)
    const trees = Math.min(groups * lanes, roots.length - block * lanes)
    for (let tree = 0; tree < trees; tree++) {
      const leaf = (this.#leaves[tree]! - this.#recordsAt) / recordBytes
      for (let pair = pairStart[leaf]!; pair < pairStart[leaf + 1]!; pair++) sums[at + pairOutput[pair]!]! += pairValue[pair]!
    }
  }
}
