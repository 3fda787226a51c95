import fc from 'fast-check'

/** One way to damage a file; places are shares of its length. */
export type Damage =
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'cut'; at: number }
  | { kind: 'splice'; from: number; length: number; to: number }

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({ kind: fc.constant('splice' as const), from: place, length: fc.nat(64), to: place }),
)

/** One to four bits flipped, ends cut off or pieces copied elsewhere. */
export const damages = fc.array(damage, { minLength: 1, maxLength: 4 })

/** A copy of a file with the damage done. */
export function damaged(original: Uint8Array, list: readonly Damage[]): Buffer {
  let bytes = Buffer.from(original)
  for (const change of list) {
    const at = (share: number) => Math.floor(share * bytes.length)
    if (bytes.length === 0) break
    if (change.kind === 'flip') bytes[at(change.at)]! ^= 1 << change.bit
    else if (change.kind === 'cut') bytes = bytes.subarray(0, at(change.at))
    else {
      const piece = bytes.subarray(at(change.from), at(change.from) + change.length)
      bytes = Buffer.concat([bytes.subarray(0, at(change.to)), piece, bytes.subarray(at(change.to))])
    }
  }
  return bytes
}
