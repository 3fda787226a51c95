import type { CompressionSummary, WeightSummary, WeightTypeSummary } from './summary.ts'

/** Adds one to the count of `key`. */
export function countIn(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Counts as a plain object, largest first, equals by name. */
export function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
}

/** Sums up weights by storage type and by kind of compression. */
export class WeightTally {
  readonly #types = new Map<string, WeightTypeSummary>()
  readonly #compression = new Map<string, CompressionSummary>()
  #parameters = 0

  /** A tensor as it is stored. */
  stored(type: string, values: number, bytes: number): void {
    const entry = this.#types.get(type) ?? { type, tensors: 0, values: 0, bytes: 0 }
    this.#types.set(type, entry)
    entry.tensors++
    entry.values += values
    entry.bytes += bytes
  }

  /** What stored tensors make once decompressed; `kept` if the portable backend leaves that to onnxruntime. */
  compressed(kind: string, values: number, bytes: number, kept = false): void {
    const entry = this.#compression.get(kind) ?? { kind, tensors: 0, values: 0, bytes: 0, portableKeeps: 0 }
    this.#compression.set(kind, entry)
    entry.tensors++
    entry.values += values
    entry.bytes += bytes
    if (kept) entry.portableKeeps++
  }

  parameters(values: number): void {
    this.#parameters += values
  }

  summary(): WeightSummary {
    const byBytes = (a: { bytes: number }, b: { bytes: number }) => b.bytes - a.bytes
    const types = [...this.#types.values()].sort(byBytes)
    return {
      parameters: this.#parameters,
      bytes: types.reduce((sum, { bytes }) => sum + bytes, 0),
      types,
      compression: [...this.#compression.values()].sort(byBytes),
    }
  }
}
