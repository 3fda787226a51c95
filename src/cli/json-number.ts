/** A number in JSON, which has no infinities, no NaN and no long integers: those become strings. */
export function jsonNumber(value: number | bigint): number | string {
  if (typeof value === 'bigint') return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
  return Number.isFinite(value) ? value : String(value)
}
