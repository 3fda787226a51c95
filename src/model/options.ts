import { CoreMLError } from '../errors.ts'
import { valueText } from './feature-text.ts'
import { didYouMean } from './suggest.ts'

/** Checks one option's value; the text says what is expected. */
export interface OptionRule {
  expected: string
  accepts(value: unknown): boolean
}

/** One of a list of words. */
export function oneOf(words: readonly string[]): OptionRule {
  return { expected: words.map((word) => `'${word}'`).join(', '), accepts: (value) => typeof value === 'string' && words.includes(value) }
}

export const aBoolean: OptionRule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }
export const aString: OptionRule = {
  expected: 'a string that is not empty',
  accepts: (value) => typeof value === 'string' && value.length > 0,
}
export const aFunction: OptionRule = { expected: 'a function', accepts: (value) => typeof value === 'function' }
export const anObject: OptionRule = {
  expected: 'an object',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}
export const aPositiveInteger: OptionRule = {
  expected: 'a positive whole number',
  accepts: (value) => Number.isInteger(value) && (value as number) > 0,
}
export const aPositiveNumber: OptionRule = {
  expected: 'a positive number',
  accepts: (value) => typeof value === 'number' && value > 0 && Number.isFinite(value),
}
export const aSignal: OptionRule = {
  expected: 'an AbortSignal',
  accepts: (value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (!Array.isArray(value)) return typeof value === 'object' ? valueText(value) : String(value)
  const first = value.slice(0, 8).map((one) => (Array.isArray(one) ? valueText(one) : shown(one)))
  return `[${first.join(', ')}${value.length > first.length ? ', …' : ''}]`
}

/** The rules of each option that a function takes. */
export type OptionRules<T> = { [Name in keyof Required<T>]: OptionRule }

/**
 * Checks options: names first, so that a misspelt one is never ignored, then values. `undefined` counts as absent.
 * @throws CoreMLError ERR_ARGUMENT
 */
export function checkOptions<T extends object>(where: string, options: unknown, rules: OptionRules<T>): asserts options is T {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CoreMLError('ERR_ARGUMENT', `${where}: options must be an object, got ${shown(options)}`)
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? (rules as Record<string, OptionRule>)[name] : undefined
    if (!rule) {
      const names = Object.keys(rules)
      throw new CoreMLError(
        'ERR_ARGUMENT',
        `${where}: there is no option "${name}"${didYouMean(name, names)} (options: ${names.join(', ')})`,
      )
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new CoreMLError('ERR_ARGUMENT', `${where}: option "${name}" must be ${rule.expected}, got ${shown(value)}`)
    }
  }
}
