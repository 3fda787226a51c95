import { valueText } from './feature-text.ts'

/** Elements and shape of nested arrays of numbers. */
export interface Flattened {
  values: (number | bigint)[]
  dims: number[]
}

/** Deeper nesting than any model's rank is a mistake (or an array that holds itself). */
const deepest = 16

/**
 * Flattens nested arrays of numbers or booleans in row-major order.
 * @returns a text that says what is wrong where the nesting is ragged or an element is no number
 */
export function flatten(nested: readonly unknown[]): Flattened | string {
  const dims: number[] = []
  for (let level: unknown = nested; Array.isArray(level); level = level[0]) {
    dims.push(level.length)
    if (dims.length > deepest) return `is nested more than ${deepest} deep`
  }
  const values: (number | bigint)[] = []
  const walk = (level: unknown, axis: number, place: string): string | undefined => {
    if (axis === dims.length) {
      if (typeof level === 'boolean') values.push(level ? 1 : 0)
      else if (typeof level === 'number' || typeof level === 'bigint') values.push(level)
      else return `has ${valueText(level)} at ${place || '[]'} where a number should be`
      return undefined
    }
    if (!Array.isArray(level)) return `is ragged: ${place} is no array, unlike its neighbours`
    if (level.length !== dims[axis])
      return `is ragged: ${place || 'the outer array'} has ${level.length} elements where ${dims[axis]} are expected`
    for (let i = 0; i < level.length; i++) {
      const wrong = walk(level[i], axis + 1, `${place}[${i}]`)
      if (wrong) return wrong
    }
    return undefined
  }
  const wrong = walk(nested, 0, '')
  if (wrong) return wrong
  const bigs = values.filter((value) => typeof value === 'bigint').length
  if (bigs === 0 || bigs === values.length) return { values, dims }
  // Numbers and bigints mixed: one kind throughout, bigint where every number is whole.
  const whole = values.every((value) => typeof value === 'bigint' || Number.isInteger(value))
  return { values: values.map((value) => (whole ? BigInt(value) : Number(value))), dims }
}
