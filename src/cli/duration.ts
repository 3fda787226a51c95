import { CoreMLError } from '../errors.ts'

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/**
 * Milliseconds of a duration such as `500ms`, `10s`, `2m` or `1.5s`.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)$/.exec(text.trim()) ?? []
  const value = amount === undefined ? Number.NaN : Number(amount) * milliseconds[unit!]!
  if (!(value > 0))
    throw new CoreMLError('ERR_ARGUMENT', `"${text}" is no duration: write a number and ms, s or m, such as 500ms, 10s or 2m`)
  return value
}
