/** Beyond this a few results fill the memory as it is. */
const largestBytes = 256 << 10

const elementBytes = 8

/** Dead as soon as it is there; of the module, as an array that nobody can see would not be allocated. */
let dead: unknown[] = []

/**
 * Tells V8 of `bytes` that came from another thread. It collects young objects once they fill the memory set aside for them, and such bytes are no part of that:
 * a loop of predictions would hold hundreds of results that nobody has any more (300 of 64 KiB, measured). A dead array of their size makes them part of it.
 */
export function countAsYoung(bytes: number): void {
  dead = new Array(Math.floor(Math.min(bytes, largestBytes) / elementBytes))
  if (dead.length > 0) dead = []
}
