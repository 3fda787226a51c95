/** Beyond this a few results fill the memory as it is. */
const largestBytes = 256 << 10

/** Arrays beyond some 100 KB get memory of their own, which the system has to find at each of them: ten times as slow. */
const pieceBytes = 16 << 10

const elementBytes = 8

/** Holds the last array, until the next one: one that nobody can see might not be allocated at all. */
const last: unknown[][] = []

/** Bytes that came and for which there was no array yet. */
let open = 0

/**
 * Tells V8 of `bytes` that came from another thread. It collects young objects once they fill the memory set aside for them, and such bytes are no part of that:
 * a loop of predictions would hold hundreds of results that nobody has any more (300 of 64 KiB, measured). Arrays of their size, which are
 * dropped as soon, make them part of it.
 */
export function countAsYoung(bytes: number): void {
  open += Math.min(bytes, largestBytes)
  for (; open >= pieceBytes; open -= pieceBytes) last[0] = new Array(pieceBytes / elementBytes)
}
