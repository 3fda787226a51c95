const units = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
] as const

/** Bytes in the unit that reads best. */
export function bytesText(bytes: number): string {
  // What three digits round up to 1000 of a unit is 1 of the next.
  for (const [unit, size] of units) if (bytes >= size * 0.9995) return `${(bytes / size).toPrecision(3)} ${unit}`
  return `${bytes} bytes`
}
