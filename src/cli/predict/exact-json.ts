import { randomUUID } from 'node:crypto'

/** Strings, which are passed over, and numbers of JSON. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

function isUnsafeInteger(token: string): boolean {
  return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))
}

/**
 * The value of a JSON text. Integers that a number cannot hold exactly are bigints.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!/\d{16}/.test(text)) return value
  // JSON.parse tells a reviver nothing of the digits, so those of long integers come to it as strings that no text holds by itself.
  const mark = `${randomUUID()}:`
  const marked = text.replace(tokens, (token) => (isUnsafeInteger(token) ? `"${mark}${token}"` : token))
  return JSON.parse(marked, (_, item) => (typeof item === 'string' && item.startsWith(mark) ? BigInt(item.slice(mark.length)) : item))
}
