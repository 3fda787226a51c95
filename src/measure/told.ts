/** The value of a part that may not be told, or, in an older result, not be there at all. */
export function told<T>(part: { value: T } | { unavailable: string } | undefined): T | undefined {
  return part !== undefined && 'value' in part ? part.value : undefined
}
